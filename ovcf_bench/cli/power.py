"""`ovcf-bench power` and `audit`: what a number of patients can show, planned or published."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ovcf_bench.cli.options import FILE
from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.files import write_atomically

if TYPE_CHECKING:
    from ovcf_bench.stats.power import Design

_EXAMPLES = """\b
Examples:
  ovcf-bench power --auroc 0.90 0.95 --correlation 0.5
  ovcf-bench power --auroc 0.93 0.93 --correlation 0.5 --claim noninferiority --margin 0.05 --power 0.9
  ovcf-bench power --auroc 0.91 0.95 --correlation 0.5 --positives 354 --negatives 354 --html power.html
"""
_SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # of the wanted or given size, where the curve is drawn
_WIDTH = 40
_CLAIMS = {"difference": "a difference", "noninferiority": "non-inferiority", "equivalence": "equivalence"}


@click.command("power", epilog=_EXAMPLES)
@click.option("--auroc", "aurocs", nargs=2, type=float, required=True, metavar="A B", help="Expected AUROCs.")
@click.option("--correlation", type=float, required=True,
              help="Of the two scores within a class; 0 is cautious.")  # fmt: skip
@click.option("--claim", type=click.Choice(("difference", "noninferiority", "equivalence")), default="difference",
              show_default=True, help="What is to be shown of A minus B.")  # fmt: skip
@click.option("--margin", type=float, help="Margin of non-inferiority or equivalence.")
@click.option("--positives", type=click.IntRange(1), help="Planned positives: gives the power at this size.")
@click.option("--negatives", type=click.IntRange(1), help="Planned negatives. [default: --ratio for each positive]")
@click.option("--ratio", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
              help="Negatives for each positive.")  # fmt: skip
@click.option("--power", "wanted", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.8,
              show_default=True, help="Wanted power, when no size is given.")  # fmt: skip
@click.option("--html", type=FILE, help="Also write the curve as a page.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    aurocs: tuple[float, float],
    correlation: float,
    claim: str,
    margin: float | None,
    positives: int | None,
    negatives: int | None,
    ratio: float,
    wanted: float,
    html: Path | None,
    as_json: bool,
) -> None:
    """Give the sample size, or the power at a size, of a comparison of two views of the same patients.

    For the test that a report makes: DeLong's for a difference, MOVER's limits for a margin, both at 5 % two-sided
    (equivalence: two tests at 5 %). Scores are taken as normal with equal variance in both classes.
    """
    from ovcf_bench.report.single_pages import power_page
    from ovcf_bench.stats.power import Design, power, power_curve, sample_size

    design = Design(*aurocs, correlation, positives or 100, negatives or 100, claim, margin)  # type: ignore[arg-type]
    if positives is None:
        found = sample_size(design, wanted, ratio=ratio)
        if found.positives is None or found.negatives is None:
            raise StatisticsError(Problem("power", found.reason, "Change the AUROCs, the margin or the claim."))
        design = replace(design, positives=found.positives, negatives=found.negatives)
    else:
        design = replace(design, negatives=negatives or round(ratio * positives))
    reached, curve = power(design), power_curve(design, _SHARES)
    if html is not None:
        write_atomically(html, power_page(_sentence(design, reached), curve, wanted))
    if as_json:
        rows = [asdict(point) for point in curve]
        sizes = {"positives": design.positives, "negatives": design.negatives, "power": reached}
        click.echo(json.dumps({**sizes, "curve": rows}, indent=1))
        return
    click.echo(_sentence(design, reached))
    for point in curve:
        bar = "█" * round(_WIDTH * point.power)
        click.echo(f"  {point.positives:>6} + {point.negatives:<6} {bar:<{_WIDTH}} {100 * point.power:3.0f} %")
    if html is not None:
        click.echo(f"Curve: {html}")


def _sentence(design: Design, reached: float) -> str:
    claim = _CLAIMS[design.claim]
    margin = f" at a margin of {design.margin:g}" if design.margin is not None else ""
    return (
        f"With {design.positives} positive and {design.negatives} negative patients the power to show {claim}"
        f"{margin} is {100 * reached:.1f}\N{NO-BREAK SPACE}%, if the true AUROCs are {design.auroc_first:g} and "
        f"{design.auroc_second:g} and the scores correlate by {design.correlation:g} within a class."
    )


_AUDIT_EXAMPLES = """\b
Examples:
  ovcf-bench audit --auroc 0.915 0.953 --positives 354 --negatives 354 --p 0.604
  ovcf-bench audit --auroc 0.982 0.979 --positives 52 --negatives 52
"""


@click.command("audit", epilog=_AUDIT_EXAMPLES)
@click.option("--auroc", "aurocs", nargs=2, required=True, metavar="A B", help="Both AUROCs, as published.")
@click.option("--positives", type=click.IntRange(2), required=True, help="Positive patients of the test set.")
@click.option("--negatives", type=click.IntRange(2), required=True, help="Negative patients of the test set.")
@click.option("--p", "p", metavar="P", help="The p-value of their difference, as published.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def audit_command(aurocs: tuple[str, str], positives: int, negatives: int, p: str | None, as_json: bool) -> None:
    """Tell whether two AUROCs, the size of the test set and the p of DeLong's test can belong together.

    Both views read the same patients, one image each. Rounding is read off the digits: write the figures as they
    were published.
    """
    from ovcf_bench.stats.audit import audit_pair

    first, second = (_number("--auroc", text) for text in aurocs)
    found = audit_pair(
        first,
        second,
        positives,
        negatives,
        None if p is None else _number("--p", p),
        decimals=min(_decimals(text) for text in aurocs),
        p_decimals=3 if p is None else _decimals(p),
    )
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
        return
    click.echo(f"{(found.verdict or 'no p given').upper()}: {found.sentence}")
    click.echo(
        f"Difference {found.difference:+.3f}; its standard error cannot exceed {found.se_bound:.4f}, "
        f"so p cannot exceed {found.p_bound:.3f}."
    )
    click.echo("Expected p by correlation of the scores within a class (binormal), with rounding:")
    for correlation, low, high in found.by_correlation:
        click.echo(f"  {correlation:4.2f}  {low:.2g} to {high:.2g}")


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise StatisticsError(Problem(option, f"{text!r} is not a number", "Example: 0.915.")) from error


def _decimals(text: str) -> int:
    return len(text.partition(".")[2]) or 1
