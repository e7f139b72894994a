"""`ovcf-bench check`: everything that can be known before training."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ovcf_bench.cli.options import data_options, open_all, study_options
from ovcf_bench.wording import plural

if TYPE_CHECKING:
    from ovcf_bench.runner import Checked

_EXAMPLES = """\b
Examples:
  ovcf-bench check studies/paper.yaml --profile quick
  ovcf-bench check studies/paper.yaml --no-pixels
"""
_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}
_MOST_ROWS = 10
_LIST = "`ovcf-bench data list STUDY --to FILE` says which files are meant; keep that list to yourself."


@click.command("check", epilog=_EXAMPLES)
@study_options
@data_options
@click.option("--no-pixels", is_flag=True, help="Schema, plugins, tables and splits only: quick for a million images.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(study_path: Path, no_pixels: bool, as_json: bool, **asked: Any) -> int:
    """Check STUDY: schema, plugins, weights, files, splits, duplicates, balance and shortcuts.

    Images are decoded once and kept, so that a run does not decode them again. Exit code 2 on any problem; what the
    study's `checks` section calls a warning is shown and does not stop a run.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.runner import check_study

    study, registry, options = open_all(study_path, **asked)
    with watching() as watch:
        checked = check_study(study, registry, options, watch, pixels=not no_pixels)
    if as_json:
        click.echo(json.dumps(asdict(checked), indent=1))
    else:
        _print(checked, study_path)
    return 2 if checked.problems else 0


def _print(checked: Checked, study_path: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    for name, n in checked.splits.items():
        console.print(f"{escape(name)}: {plural(n, 'patient', 'patients')}")
    for name, n in checked.unusable.items():
        left_out = f"cohort {escape(name)}: {plural(n, 'image is', 'images are')} left out"
        console.print(f"[yellow]{left_out}[/yellow]. {_LIST}", soft_wrap=True)
    if checked.results:
        table = Table("Check", "", "Found")
        for each in checked.results:
            table.add_row(each.check, f"[{_COLOURS[each.level]}]{each.level}[/]", escape(each.summary))
        console.print(table)
        for each in checked.results:
            if each.level != "ok" and each.rows:
                console.print(_details(each.check, each.rows))
    if n := len(checked.problems):
        table = Table("Where", "Problem", "What to do", title=f"{n} problem{'' if n == 1 else 's'}")
        before = ""
        for problem in checked.problems:  # the same advice is given once
            advice = '"' if problem.allowed and problem.allowed == before else problem.allowed
            table.add_row(escape(problem.where), escape(problem.found), escape(advice))
            before = problem.allowed
        console.print(table)
        if any(problem.where.startswith("file ") for problem in checked.problems):
            console.print(_LIST, soft_wrap=True)
    else:
        console.print(f"{escape(str(study_path))}: no problem found.", soft_wrap=True)


def _details(check: str, rows: Any) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"{check}: {len(rows)}")
    for name in rows[0]:
        table.add_column(name, overflow="fold")  # a pseudonym that is cut off names nothing
    for row in rows[:_MOST_ROWS]:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    if len(rows) > _MOST_ROWS:
        table.add_row(f"and {len(rows) - _MOST_ROWS} more: --json")
    return table


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)
