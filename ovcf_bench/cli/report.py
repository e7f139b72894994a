"""`ovcf-bench report`: the report again, from the records of a run, or of several runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

_EXAMPLES = """\b
Examples:
  ovcf-bench report reports/runs/paper-1a2b3c4d
  ovcf-bench report reports/runs/paper-1a2b3c4d reports/runs/paper-5e6f7a8b
  ovcf-bench report before/paper-1a2b3c4d after/paper-1a2b3c4d --to reports/before-and-after
  ovcf-bench report reports/runs/paper-1a2b3c4d --export paper/figures
  ovcf-bench report reports/runs/paper-1a2b3c4d --add-site scores.zip --hash 3f1c...
"""


@click.command("report", epilog=_EXAMPLES)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
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
    if add_site is not None:
        if len(runs) > 1:
            raise click.UsageError("--add-site goes with one RUN.")
        _with_site(runs[0], add_site, told, export_to)
        return
    if len(runs) > 1:
        _export(_side_by_side(runs, to), export_to)
        return
    if to is not None:
        raise click.UsageError("--to goes with two RUNs or more; one RUN is rebuilt where it is.")
    from ovcf_bench.findings import rebuild
    from ovcf_bench.report import write_report

    rebuild(runs[0])
    click.echo(f"Report: {write_report(runs[0])}")
    _export(runs[0], export_to)


def _with_site(run: Path, file: Path, told: str | None, export_to: Path | None) -> None:
    from ovcf_bench.report import write_report
    from ovcf_bench.sites import add_site

    folder = add_site(run, file, told)
    click.echo(f"Report: {write_report(folder)}")
    _export(folder, export_to)


def _export(run: Path, to: Path | None) -> None:
    if to is None:
        return
    from ovcf_bench.report import export_report

    click.echo(f"{export_report(run, to)} files of tables and figures: {to}")


def _side_by_side(runs: tuple[Path, ...], to: Path | None) -> Path:
    from ovcf_bench.cli.options import command_line
    from ovcf_bench.comparing.side_by_side import set_side_by_side
    from ovcf_bench.report import write_report

    folder, record = set_side_by_side(runs, to=to, command=command_line())
    report = write_report(folder.path)
    for run in record.runs:
        click.echo(f"Run {run.number}: {run.name}, {len(run.study) + len(run.program)} differences from run 1")
    for each in record.shared:
        click.echo(each.sentence)
    click.echo(f"Report: {report}")
    return folder.path
