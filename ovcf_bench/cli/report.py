"""`ovcf-bench report`: the report again, from the records of a run, or of several runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from ovcf_bench.cli.options import FOLDER, command_line

_EXAMPLES = """\b
Examples:
  ovcf-bench report reports/runs/paper-1a2b3c4d
  ovcf-bench report reports/runs/paper-1a2b3c4d reports/runs/paper-5e6f7a8b
  ovcf-bench report before/paper-1a2b3c4d after/paper-1a2b3c4d --to reports/before-and-after
  ovcf-bench report reports/runs/paper-1a2b3c4d --export paper/figures
  ovcf-bench report reports/runs/paper-1a2b3c4d --add-site scores.zip --hash 3f1c...
"""


@click.command("report", epilog=_EXAMPLES)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FOLDER)
@click.option(
    "--to",
    metavar="DIR",
    type=FOLDER,
    help="Folder of several runs side by side. [default: side-by-side-..., beside the first run]",
)
@click.option(
    "--export",
    "export_to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also write all tables (CSV, LaTeX, Markdown, Word) and figures (SVG, PDF, PNG) there.",
)
@click.option(
    "--add-site",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Scores that another site sent: one more test set, in a folder of its own.",
)
@click.option("--hash", "told", metavar="SHA256", help="The hash that the site told; other files are refused.")
def command(
    runs: tuple[Path, ...], to: Path | None, export_to: Path | None, add_site: Path | None, told: str | None
) -> None:
    """Rebuild findings.json and report.html of the run folder RUN from its other records.

    With several RUNs, write a folder that sets them side by side: what changed against the first one, AUROCs, and
    paired tests where a set holds the same patients. Needs neither the images nor torch.
    """
    from ovcf_bench.report import export_report, write_report

    if add_site is not None and len(runs) > 1:
        raise click.UsageError("--add-site goes with one RUN.")
    if add_site is None and len(runs) == 1 and to is not None:
        raise click.UsageError("--to goes with two RUNs or more; one RUN is rebuilt where it is.")
    folder, said = _records(runs, to, add_site, told)
    report = write_report(folder)
    for line in (*said, f"Report: {report}"):
        click.echo(line)
    if export_to is not None:
        click.echo(f"{export_report(folder, export_to)} files of tables and figures: {export_to}")


def _records(runs: tuple[Path, ...], to: Path | None, site: Path | None, told: str | None) -> tuple[Path, list[str]]:
    """Write the records that are asked for; return their folder, and what is said of them."""
    if site is not None:
        from ovcf_bench.sites import add_site

        return add_site(runs[0], site, told), []
    if len(runs) == 1:
        from ovcf_bench.findings import rebuild

        rebuild(runs[0])
        return runs[0], []
    from ovcf_bench.comparing.side_by_side import set_side_by_side

    folder, record = set_side_by_side(runs, to=to, command=command_line())
    said = [
        f"Run {run.number}: {run.name}, {len(run.study) + len(run.program)} differences from run 1"
        for run in record.runs
    ]
    return folder.path, said + [each.sentence for each in record.shared]
