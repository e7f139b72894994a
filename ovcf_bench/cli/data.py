"""`ovcf-bench data`: cohorts as files."""

from __future__ import annotations

from pathlib import Path

import click

from ovcf_bench.cli.options import data_options, open_registry, open_study, study_options


@click.group("data")
def command() -> None:
    """Export the cohorts of a study as files."""


_EXAMPLES = """\b
Examples:
  ovcf-bench data export studies/paper.yaml --to exported
  ovcf-bench run exported/study.yaml
"""


@command.command("export", epilog=_EXAMPLES)
@study_options
@data_options
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder.")
def export(
    study_path: Path,
    profile: str | None,
    overrides: tuple[str, ...],
    folder: Path,
    workers: int,
    key: Path | None,
    cache_folder: Path | None,
) -> None:
    """Write the cohorts of STUDY as 16-bit PNG and manifests, with the frozen splits and a study that reads them.

    All ids are pseudonyms under your key; with the same key a run of the exported study keeps them. Columns that
    the study neither declares as covariates nor uses for eligibility are left out.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.export import ExportedCohort, export_cohorts
    from ovcf_bench.runner import share_study

    registry = open_registry()
    study = open_study(study_path, profile, overrides, registry)
    with watching() as watch:
        shared = share_study(study, registry, key, watch)
        cohorts = {name: ExportedCohort(table, shared.readers[name]) for name, table in shared.tables.items()}
        watch.stage("Writing images", sum(map(len, shared.tables.values())))
        export_cohorts(cohorts, shared.splits, shared.study, folder, study.digest, watch.advance, workers)
    click.echo(f"Exported to {folder}. Run it: ovcf-bench run {folder / 'study.yaml'}")
