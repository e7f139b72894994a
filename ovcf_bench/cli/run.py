"""`ovcf-bench run`: the main job."""

from __future__ import annotations

from typing import Any

import click

from ovcf_bench.cli.options import data_options, open_all, run_options, study_options

_EXAMPLES = """\b
Examples:
  ovcf-bench run studies/paper.yaml --profile quick
  ovcf-bench run studies/paper.yaml --device cuda
  ovcf-bench run studies/paper.yaml --set training.epochs=40 --set seed=7
"""


@click.command("run", epilog=_EXAMPLES)
@study_options
@run_options
@data_options
def command(**asked: Any) -> int:
    """Run STUDY: cohort, splits, training, scores, findings, report.

    Finished units and epochs are kept: the same command goes on where it was stopped, and a new margin,
    comparison or arm trains nothing twice. Exit code 1 when a unit failed; the report shows it.
    """
    from ovcf_bench.cli.progress import print_headline, watching
    from ovcf_bench.report import write_report
    from ovcf_bench.runner import run_study

    study, registry, options = open_all(**asked)
    with watching() as watch:
        result = run_study(study, registry, options, watch)
        report = result.folder.path / "report.html"
        if not result.up_to_date:
            watch.say("Writing the report")
            report = write_report(result.folder.path)
    print_headline(result, report)
    return 1 if result.failed else 0
