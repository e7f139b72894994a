"""`ovcf-bench runs`: the runs of a folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovcf_bench.report.runs_index import RunSummary

_EXAMPLES = """\b
Examples:
  ovcf-bench runs
  ovcf-bench runs reports/comparisons
  ovcf-bench runs reports/runs --json
"""


@click.command("runs", epilog=_EXAMPLES)
@click.argument(
    "folder", metavar="[FOLDER]", type=click.Path(path_type=Path, file_okay=False), default=Path("reports/runs")
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(folder: Path, as_json: bool) -> None:
    """List the runs and comparisons of scores in FOLDER [default: reports/runs] and write its index.html.

    A run whose records cannot be read is listed as broken, with the reason.
    """
    from ovcf_bench.report.runs_index import read_runs, write_index

    runs = read_runs(folder)
    index = write_index(folder, runs)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in runs], indent=1, ensure_ascii=False))
    else:
        _print(runs)
        click.echo(f"Index: {index}")


def _print(runs: Sequence[RunSummary]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from ovcf_bench.report.runs_index import HEADS, texts

    table = Table(*(Column(head, overflow="fold") for head in ("Run", *HEADS)))
    for run in runs:
        table.add_row(escape(run.name), *map(escape, texts(run)), style="red" if run.broken else None)
    Console(highlight=False).print(table)
