"""Options that several commands share, and what they are turned into."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import platformdirs

from ovcf_bench.errors import BenchError, Problem

if TYPE_CHECKING:
    from ovcf_bench.data import Options
    from ovcf_bench.hooks.registry import Registry
    from ovcf_bench.images import ImageCache
    from ovcf_bench.study import ParamsModels, Study

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
CACHE_LIMIT_VARIABLE = "OVCF_BENCH_CACHE_GB"
_DEFAULT_LIMIT_GB = 50.0


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator for several options; --help lists them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


key_option = click.option(
    "--key", type=FILE, help="Key of the pseudonyms. [default: one of your own, outside the project]"
)
cache_option = click.option(
    "--cache",
    "cache_folder",
    type=FOLDER,
    envvar="OVCF_BENCH_CACHE",
    show_envvar=True,
    help="Folder of decoded images. [default: the user's cache folder]",
)
study_options = _together(
    click.argument("study_path", metavar="STUDY", type=click.Path(path_type=Path)),
    click.option("--profile", metavar="NAME", help="Use a profile of the study file, such as quick."),
    click.option(
        "--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Change one value; may be repeated."
    ),
)
data_options = _together(
    click.option(
        "--workers",
        type=click.IntRange(1),
        default=os.cpu_count() or 1,
        show_default="number of cores",
        help="Processes at the same time.",
    ),
    key_option,
    cache_option,
)
run_options = _together(
    click.option(
        "--runs",
        type=FOLDER,
        default=Path("reports/runs"),
        show_default=True,
        help="Folder of runs and finished units.",
    ),
    click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of each process."),
    click.option(
        "--device",
        type=click.Choice(("auto", "cpu", "cuda", "mps")),
        default="auto",
        show_default=True,
        help="Where networks compute.",
    ),
    click.option("--fresh", is_flag=True, help="Train every unit anew."),
)


def open_registry(files: Iterable[Path] = ()) -> Registry:
    """Return the installed plugins and those of `files`.

    Installed ones that are broken are named on standard error and do not stop the others.
    """
    from ovcf_bench.hooks import registry

    found = registry.load(files=files)
    for problem in found.problems:
        click.echo(click.style("warning: ", fg="yellow") + str(problem), err=True)
    return found


def open_study(path: Path, profile: str | None = None, overrides: tuple[str, ...] = ()) -> tuple[Study, Registry]:
    """Return the study of a file and the plugins that it may use; raises StudyError with every mistake."""
    from ovcf_bench.study import load_study, plugin_files

    registry = open_registry(plugin_files(path, profile=profile, overrides=overrides))
    return load_study(path, params_models(registry), profile=profile, overrides=overrides), registry


def params_models(registry: Registry) -> ParamsModels:
    """Return the parameters that the plugins take, by name."""
    from ovcf_bench.study import ParamsModels

    return ParamsModels(
        {name: each.plugin.params for name, each in registry.datasets.items()},
        {name: each.plugin.params for name, each in registry.models.items()},
    )


def open_cache(folder: Path | None) -> ImageCache:
    """Return the image cache; its size is bounded by OVCF_BENCH_CACHE_GB."""
    from ovcf_bench.images import ImageCache

    text = os.environ.get(CACHE_LIMIT_VARIABLE, str(_DEFAULT_LIMIT_GB))
    try:
        limit = float(text)
    except ValueError as error:
        raise BenchError(Problem(CACHE_LIMIT_VARIABLE, f"{text!r} is not a number", "Allowed: gigabytes.")) from error
    place = folder or Path(platformdirs.user_cache_dir("ovcf-bench")) / "images"
    return ImageCache(place, int(limit * 1e9))


def open_all(
    study_path: Path,
    profile: str | None,
    overrides: tuple[str, ...],
    *,
    cache_folder: Path | None,
    runs: Path = Path(),
    **settings: Any,
) -> tuple[Study, Registry, Options]:
    """Return what the options of a study, of data and of a run ask for: the study, its plugins, the runner's options.

    The command line is in them as it may be written into a record.
    """
    from ovcf_bench.data import Options

    study, registry = open_study(study_path, profile, overrides)
    cache, study_file = open_cache(cache_folder), _written(str(study_path))
    options = Options(runs, cache, command=command_line(), study_file=study_file, **settings)
    return study, registry, options


def command_line() -> str:
    """Return the command as typed, without --key and --cache (private places) and absolute folders."""
    words: list[str] = []
    arguments = iter(sys.argv[1:])
    for word in arguments:
        if word in ("--key", "--cache"):
            next(arguments, None)
        elif not word.startswith(("--key=", "--cache=")):
            name, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
            words.append(name + equals + _written(value) if value else word)
    return shlex.join(["ovcf-bench", *words])


def _written(text: str) -> str:
    """Return an argument as it may be written: an absolute path inside the current folder relative, others by name."""
    path = Path(text)
    if not path.is_absolute():
        return text
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
