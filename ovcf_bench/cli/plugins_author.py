"""`ovcf-bench plugins new` and `plugins test`: for those who write plugins."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ovcf_bench.errors import BenchError

if TYPE_CHECKING:
    from ovcf_bench.testing import Check

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
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where to. [default: here]"
)
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
    failed = 0
    of = ""
    seen: dict[str, str] = {}  # what was seen first, and in which check
    for check in checks:
        if check.plugin != of:
            of = check.plugin
            click.echo(of)
            seen.clear()
        failed += not _shown(check, seen)
    click.echo(f"{len(checks) - failed} of {len(checks)} checks passed.")
    return _BROKEN if failed else 0


def _shown(check: Check, seen: dict[str, str]) -> bool:
    """Run a check and print how it went, once for what was `seen` before; return whether it passed."""
    from ovcf_bench.testing import ContractError, NotApplicable

    begun = time.perf_counter()
    try:
        remark = check()
    except NotApplicable as reason:
        click.echo(f"  --      {check.name}: not looked at, {reason}")
        return True
    except ContractError as broken:
        first = seen.setdefault(broken.seen, check.name)
        as_before = "" if first == check.name else f": as under {first!r}"
        click.echo(click.style("  FAILED  ", fg="red", bold=True) + check.name + as_before)
        if as_before:
            return False
        if isinstance(broken.__cause__, BenchError):
            _log.debug(broken.__cause__.problems[0].trace)
        for word, text in (("contract", broken.contract), ("seen", broken.seen), ("fix", broken.fix)):
            click.echo(f"          {word + ':':10}{text}")
        return False
    seconds = time.perf_counter() - begun
    took = f"  ({seconds:.0f} s)" if seconds >= 1 else ""
    click.echo(click.style("  ok      ", fg="green") + check.name + (f": {remark}" if remark else "") + took)
    return True
