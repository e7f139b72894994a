"""From the name of a plugin, or the path of a plugin file, to its checks."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pluggy

from ovcf_bench.errors import PluginError, Problem, one_of
from ovcf_bench.hooks import registry
from ovcf_bench.hooks.contracts import DatasetPlugin, ModelPlugin
from ovcf_bench.study import read_params
from ovcf_bench.testing.checks import Check
from ovcf_bench.testing.datasets import dataset_checks
from ovcf_bench.testing.models import SIZE, model_checks
from ovcf_bench.testing.trackers import tracker_checks

_Found = tuple[list[DatasetPlugin | ModelPlugin], list[pluggy.HookImpl]]  # datasets and models, trackers


def plugin_checks(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    image_size: tuple[int, int] = SIZE,
) -> list[Check]:
    """Return the checks of an installed plugin, or of all plugins in a file (a name that ends in .py).

    params : the plugin's parameters, as a study gives them; folder : where their relative paths start (default: the
    current one); image_size : height and width in pixels of the images that models are tried on. Raises PluginError
    when there is no such plugin, a study could not load it, or the parameters are not its own.
    """
    try:
        return _checks(name, params or {}, folder or Path(), image_size)
    except SystemExit as error:  # a plugin that ends the process while it registers must not end it as a success
        raise PluginError(_ended(error, f"plugin {Path(name).name!r}")) from error


def _ended(error: SystemExit, where: str) -> Problem:
    last = traceback.extract_tb(error.__traceback__)[-1]
    found = f"{last.name} ends the process ({Path(last.filename).name}, line {last.lineno}: {last.line})"
    return Problem(
        where, found, "Raise a PluginError with a sentence instead.", "".join(traceback.format_exception(error))
    )


def _checks(name: str, params: Mapping[str, Any], folder: Path, image_size: tuple[int, int]) -> list[Check]:
    plugins, trackers = _in_file(Path(name)) if name.endswith(".py") else _installed(name)
    checks: list[Check] = []
    for plugin in plugins:
        settled = read_params(plugin.params, params, f"plugin {plugin.name!r}")
        if isinstance(plugin, DatasetPlugin):
            checks += dataset_checks(plugin, settled, folder)
        else:
            checks += model_checks(plugin, settled, image_size, folder)
    for hook in trackers:
        checks += tracker_checks(Path(name).stem if name.endswith(".py") else name, hook)
    if params and not plugins:
        raise PluginError(Problem(f"plugin {name!r}", "takes no parameters", "Leave them out."))
    return checks


def _in_file(path: Path) -> _Found:
    """Return what a file offers, loaded beside what is installed, as a study would."""
    known = registry.load(files=[path])
    mine = f"file {path.name}"
    datasets = [known.dataset(name) for name, each in known.datasets.items() if each.distribution == mine]
    models = [known.model(name) for name, each in known.models.items() if each.distribution == mine]
    return [*datasets, *models], _watching(known, f"plugin file {path.name!r}")


def _installed(name: str) -> _Found:
    known = registry.load()
    plugins: list[DatasetPlugin | ModelPlugin] = []
    if name in known.datasets:
        plugins.append(known.dataset(name))
    if name in known.models:
        plugins.append(known.model(name))
    entry = f"plugin {name!r} of "
    trackers = _watching(known, entry)
    if not plugins and not trackers:
        if own := [problem for problem in known.problems if problem.where.startswith(entry)]:
            raise PluginError(*own)
        raise PluginError(*known.problems, Problem("plugin", f"{name!r} is not installed", _meant(name, known)))
    return plugins, trackers


def _watching(known: registry.Registry, where: str) -> list[pluggy.HookImpl]:
    """Return the hooks `unit_event` of plugins whose name starts with `where`."""
    return [each for each in known.hooks.hook.unit_event.get_hookimpls() if each.plugin_name.startswith(where)]


def _meant(name: str, known: registry.Registry) -> str:
    file = Path(f"{name}.py")
    if file.is_file():
        return f"Did you mean ./{file}?"
    trackers = [each.plugin_name.split("'")[1] for each in known.hooks.hook.unit_event.get_hookimpls()]
    return one_of(name, {*known.datasets, *known.models, *trackers})
