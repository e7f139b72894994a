"""`ovcf-bench check`: everything that can be known before training."""

from __future__ import annotations

from pathlib import Path

import click

from ovcf_bench.cli.options import open_registry, open_study, study_options

_EXAMPLES = "\b\nExample:\n  ovcf-bench check studies/paper.yaml --profile quick"


@click.command("check", epilog=_EXAMPLES)
@study_options
def command(study_path: Path, profile: str | None, overrides: tuple[str, ...]) -> None:
    """Check STUDY: schema, plugins, weights, exam tables, eligibility and splits. Exit code 2 on any problem."""
    from ovcf_bench.errors import BenchError
    from ovcf_bench.runner import check_study

    registry = open_registry()
    study = open_study(study_path, profile, overrides, registry)
    splits, problems = check_study(study, registry)
    for name, n in splits.items():
        click.echo(f"{name}: {n} patients")
    if problems:
        raise BenchError(*problems)
    click.echo(f"{study_path}: no problem found.")
