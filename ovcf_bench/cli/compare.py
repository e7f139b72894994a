"""`ovcf-bench compare`: scores from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ovcf_bench.cli.options import FILE, FOLDER, command_line

_EXAMPLES = """\b
Examples:
  ovcf-bench compare scores.csv
  ovcf-bench compare scores.csv --label y --arm ap --arm lat --patient patient_id \\
      --claim noninferiority --margin 0.05
  ovcf-bench compare scores.xlsx --arm ap --arm lat --set split --fit-on validation --threshold youden
  ovcf-bench compare readers.csv --label truth --arm ap=r1_ap,r2_ap --arm lat=r1_lat,r2_lat
"""


@click.command("compare", epilog=_EXAMPLES)
@click.argument("file", metavar="SCORES", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--label", metavar="COLUMN", help="Column of the truth: 1 positive, 0 negative.")
@click.option("--arm", "arms", multiple=True, metavar="NAME[=COLUMN,...]",
              help="An arm and its column; several columns are human readers. May be repeated.")  # fmt: skip
@click.option("--arm-column", metavar="COLUMN", help="One row per arm: the column that names it.")
@click.option("--score-column", metavar="COLUMN", help="One row per arm: the column of scores.")
@click.option("--case", metavar="COLUMN", help="One row per arm: the column that joins the arms.")
@click.option("--patient", metavar="COLUMN", help="Patients; each has one row unless --cluster is given.")
@click.option("--cluster", metavar="COLUMN", help="Patients with several rows: everything is clustered by them.")
@click.option("--set", "set_column", metavar="COLUMN", help="Test set of each row. [default: one set, all]")
@click.option("--fit-on", metavar="SET", help="Set that thresholds are fitted on; it is not tested.")
@click.option("--subgroup", "subgroups", multiple=True, metavar="COLUMN", help="Repeat within groups. May be repeated.")
@click.option("--pair", "pairs", nargs=2, multiple=True, metavar="A B", help="Compare A minus B. [default: every pair]")
@click.option("--claim", type=click.Choice(("difference", "noninferiority", "equivalence")), default="difference",
              show_default=True, help="What is claimed of every pair.")  # fmt: skip
@click.option("--margin", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Margin of the claim.")
@click.option("--threshold", metavar="RULE", help="0.5, youden, sensitivity=0.9 or specificity=0.9. "
              "[default: youden with --fit-on, else none]")  # fmt: skip
@click.option("--prevalence", "prevalences", multiple=True, help="Also give PPV, NPV and net benefit there.",
              type=click.FloatRange(0, 1, min_open=True, max_open=True))  # fmt: skip
@click.option("--missing", type=click.Choice(("complete_pairs", "all_data")), default="complete_pairs",
              show_default=True, help="Which estimate is primary where scores are missing.")  # fmt: skip
@click.option("--resamples", type=click.IntRange(100), default=2000, show_default=True,
              help="Of bootstrap and permutation.")  # fmt: skip
@click.option("--title", default="", help="Title of the report.")
@click.option("--runs", type=FOLDER, default=Path("reports/comparisons"),
              show_default=True, help="Where the folder with report and records is made.")  # fmt: skip
@click.option("--key", type=FILE, help="Key of the pseudonyms.")
@click.option("--json", "as_json", is_flag=True, help="Print findings.json and nothing else; write nothing.")
def command(file: Path, runs: Path, key: Path | None, as_json: bool, **asked: Any) -> None:
    """Compare the arms of a table of SCORES (CSV, TSV, Parquet, Excel): the findings and the report of a run.

    One column per arm, or one row per case and arm; columns with well-known names are found without options. Higher
    scores mean more positive; an empty score is a missing view. Nothing given here counts as declared in advance.
    """
    from rich.console import Console
    from rich.markup import escape

    from ovcf_bench import records
    from ovcf_bench.cli.progress import print_findings
    from ovcf_bench.comparing import compare_scores, read_scores, to_findings
    from ovcf_bench.findings import FINDINGS
    from ovcf_bench.pseudonyms import Pseudonyms, load_key
    from ovcf_bench.report import write_report

    request = _request(file, **asked)
    layout = read_scores(request)
    for sentence in layout.said:
        click.echo(f"Read as: {sentence}.", err=True)
    pseudonyms = Pseudonyms(load_key(key))
    if as_json:
        click.echo(records.to_json(to_findings(layout, request, pseudonyms)), nl=False)
        return
    folder = compare_scores(layout, request, pseudonyms, runs=runs, command=command_line())
    report = write_report(folder.path)
    console = Console(highlight=False)
    print_findings(folder.read(FINDINGS), console)
    console.print(f"Report: {escape(str(report))}", soft_wrap=True)


def _request(
    file: Path,
    *,
    arms: tuple[str, ...],
    set_column: str | None,
    threshold: str | None,
    fit_on: str | None,
    **asked: Any,
) -> Any:
    from ovcf_bench.comparing.layout import Request, parse_arm, parse_threshold

    rule = threshold or ("youden" if fit_on else None)
    return Request(
        file,
        arms=tuple(parse_arm(each) for each in arms),
        set=set_column,
        fit_on=fit_on,
        threshold=parse_threshold(rule) if rule else None,
        **asked,
    )
