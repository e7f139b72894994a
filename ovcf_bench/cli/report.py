"""`ovcf-bench report`: the report again, from the records of a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report", epilog="\b\nExample:\n  ovcf-bench report reports/runs/paper-1a2b3c4d")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
def command(run: Path) -> None:
    """Rebuild findings.json and report.html of the run folder RUN from its other records.

    Needs neither the images nor torch.
    """
    from ovcf_bench.findings import rebuild
    from ovcf_bench.report import write_report

    rebuild(run)
    click.echo(f"Report: {write_report(run)}")
