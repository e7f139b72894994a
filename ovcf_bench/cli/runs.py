"""`ovcf-bench runs` and `cache`: what is kept on disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ovcf_bench.cli.options import CACHE_LIMIT_VARIABLE, FOLDER, cache_option, open_cache
from ovcf_bench.wording import plural

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
@click.argument("folder", metavar="[FOLDER]", type=FOLDER, default=Path("reports/runs"))
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


@click.group("cache", epilog=f"Its size is bounded by {CACHE_LIMIT_VARIABLE} (gigabytes); the oldest goes first.")
def cache_command() -> None:
    """List or clear the cache of decoded images."""


@cache_command.command("list")
@cache_option
def list_entries(cache_folder: Path | None) -> None:
    """List what is cached: preprocessing, images, size."""
    cache = open_cache(cache_folder)
    entries = cache.entries()
    for entry in entries:
        click.echo(
            f"{entry.version}: {plural(entry.images, 'image', 'images')}, {entry.bytes / 1e6:.1f} MB, "
            f"used {entry.last_used:%Y-%m-%d}"
        )
    click.echo(f"{len(entries)} entries, {sum(entry.bytes for entry in entries) / 1e6:.1f} MB in {cache.folder}")


@cache_command.command("clear")
@cache_option
def clear(cache_folder: Path | None) -> None:
    """Remove all decoded images that no run is using; they are made again when they are needed."""
    freed = open_cache(cache_folder).clear()
    click.echo(f"Removed {freed / 1e6:.1f} MB.")
