"""The headline of a run or a comparison in the terminal: what the report opens with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ovcf_bench.wording import NONE, with_interval

if TYPE_CHECKING:
    from ovcf_bench.findings import Findings
    from ovcf_bench.runner import RunResult


def print_headline(result: RunResult, report: Path) -> None:
    """Print AUROCs, the answer and the path of the report of a run."""
    from ovcf_bench.findings import FINDINGS

    console = Console(highlight=False)
    if result.up_to_date:
        console.print("Nothing to do: every unit and record is up to date.")
    print_findings(result.folder.read(FINDINGS), console)
    for unit, reason in result.failed.items():
        console.print(f"[red]failed:[/red] {escape(unit.name)}: {escape(reason)}")
    console.print(f"Report: {escape(str(report))}", soft_wrap=True)


def print_findings(findings: Findings, console: Console) -> None:
    """Print the AUROCs and the drafted answer."""
    console.print(_auroc_table(findings))
    for sentence in findings.summary:
        console.print(escape(sentence.text))


def _auroc_table(findings: Findings) -> Table:
    sets = findings.sets
    table = Table("AUROC (95 % interval)", *(f"{escape(name)} (n = {found.n})" for name, found in sets.items()))
    for arm in findings.study.arms:
        found = [each.arms.get(arm.name) for each in sets.values()]
        table.add_row(escape(arm.name), *(with_interval(each.auroc, each.ci) if each else NONE for each in found))
    return table
