"""`ovcf-bench plugins new` and `plugins test`: for those who write plugins."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ovcf_bench.cli.options import FOLDER
from ovcf_bench.errors import BenchError

if TYPE_CHECKING:
    from ovcf_bench.testing import Check, ContractError

_How = Literal["passed", "failed", "skipped"]
_log = logging.getLogger(__name__)
_BROKEN = 1  # exit code: the plugin breaks a contract

_NEW_EXAMPLES = """\b
Examples:
  ovcf-bench plugins new model tiny --single-file
  ovcf-bench plugins new dataset my_hospital --to ~/code
"""


@click.command("new", epilog=_NEW_EXAMPLES)
@click.argument("kind", type=click.Choice(("dataset", "model")))
@click.argument("name")
@click.option("--single-file", is_flag=True, help="One file that a study names, instead of a package.")
@click.option("--to", "folder", type=FOLDER, default=Path(), help="Where to. [default: here]")
def new(kind: Literal["dataset", "model"], name: str, single_file: bool, folder: Path) -> None:
    """Write the first version of a plugin, which works: change it where it says EDIT.

    A package can be installed with pip and brings tests that pass at once. A single file is loaded by studies that name
    it, and by no other.
    """
    from ovcf_bench.scaffold import new_plugin

    written = new_plugin(kind, name, folder, single_file=single_file)
    for path in written:
        click.echo(f"wrote {path}")
    if single_file:
        click.echo(f"\nTry it:         ovcf-bench plugins test {written[0]}{_needs(kind)}")
        click.echo(f"In a study:     plugins: [./{written[0].name}]")
    else:
        place = written[0].parent
        click.echo(f'\nInstall it:     pip install -e "{place}[test]"')
        click.echo(f"Try it:         pytest {place}      (or: ovcf-bench plugins test {name}{_needs(kind)})")
    click.echo(f"Then change what is marked EDIT. `model` or `dataset` of a study names it: {name}")


def _needs(kind: str) -> str:
    return " --set folder=IMAGES" if kind == "dataset" else ""


_TEST_EXAMPLES = """\b
Examples:
  ovcf-bench plugins test ./tiny.py
  ovcf-bench plugins test timm --set architecture=resnet10t
  ovcf-bench plugins test manifest --set path=images.csv
"""


@click.command("test", epilog=_TEST_EXAMPLES)
@click.argument("name", metavar="NAME|FILE.py")
@click.option("--set", "assignments", multiple=True, metavar="PARAM=VALUE", help="A parameter; may be repeated.")
@click.option(
    "--image-size",
    type=click.IntRange(8),
    nargs=2,
    default=(64, 48),
    show_default=True,
    metavar="HEIGHT WIDTH",
    help="Images that a model is tried on.",
)
def test(name: str, assignments: tuple[str, ...], image_size: tuple[int, int]) -> int:
    """Hold a plugin against everything that the core relies on.

    What fails says what the contract is, what was seen, and how to mend it. Exit code 1 when something failed.
    """
    from ovcf_bench.study import read_assignments
    from ovcf_bench.testing import plugin_checks

    checks = plugin_checks(name, read_assignments(assignments), image_size=image_size)
    went: list[_How] = []
    of = ""
    seen: dict[str, str] = {}  # what was seen first, and in which check
    for check in checks:
        if check.plugin != of:
            of = check.plugin
            click.echo(of)
            seen.clear()
        went.append(_shown(check, seen))
    return _summed_up(went)


def _summed_up(went: Sequence[_How]) -> int:
    """Print how many checks passed; return the exit code."""
    skipped = went.count("skipped")
    looked_at = len(went) - skipped
    if not looked_at:
        click.echo("Nothing of this plugin could be looked at: it is neither right nor wrong.")
        return _BROKEN
    beside = f" {skipped} not looked at." if skipped else ""
    click.echo(f"{went.count('passed')} of {looked_at} checks passed.{beside}")
    return _BROKEN if "failed" in went else 0


def _shown(check: Check, seen: dict[str, str]) -> _How:
    """Run a check and print how it went, once for what was `seen` before."""
    from ovcf_bench.testing import ContractError, NotApplicable

    begun = time.perf_counter()
    try:
        remark = check()
    except NotApplicable as reason:
        click.echo(f"  --      {check.name}: not looked at, {reason}")
        return "skipped"
    except ContractError as broken:
        _show_broken(check, broken, seen)
        return "failed"
    seconds = time.perf_counter() - begun
    took = f"  ({seconds:.0f} s)" if seconds >= 1 else ""
    click.echo(click.style("  ok      ", fg="green") + check.name + (f": {remark}" if remark else "") + took)
    return "passed"


def _show_broken(check: Check, broken: ContractError, seen: dict[str, str]) -> None:
    first = seen.setdefault(broken.seen, check.name)
    as_before = "" if first == check.name else f": as under {first!r}"
    click.echo(click.style("  FAILED  ", fg="red", bold=True) + check.name + as_before)
    if as_before:
        return
    _log.debug(_trace_of(broken.__cause__))
    for word, text in (("contract", broken.contract), ("seen", broken.seen), ("fix", broken.fix)):
        click.echo(f"          {word + ':':10}{text}")


def _trace_of(cause: BaseException | None) -> str:
    if isinstance(cause, BenchError):
        return cause.problems[0].trace
    return "".join(traceback.format_exception(cause)) if cause else ""
