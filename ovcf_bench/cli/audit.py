"""`ovcf-bench audit`: do published figures fit together?"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

_EXAMPLES = """\b
Examples:
  ovcf-bench audit --auroc 0.915 0.953 --positives 354 --negatives 354 --p 0.604
  ovcf-bench audit --auroc 0.982 0.979 --positives 52 --negatives 52
"""


@click.command("audit", epilog=_EXAMPLES)
@click.option("--auroc", "aurocs", nargs=2, required=True, metavar="A B", help="Both AUROCs, as published.")
@click.option("--positives", type=click.IntRange(2), required=True, help="Positive patients of the test set.")
@click.option("--negatives", type=click.IntRange(2), required=True, help="Negative patients of the test set.")
@click.option("--p", "p", metavar="P", help="The p-value of their difference, as published.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def command(aurocs: tuple[str, str], positives: int, negatives: int, p: str | None, as_json: bool) -> None:
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
    from ovcf_bench.errors import Problem, StatisticsError

    try:
        return float(text)
    except ValueError as error:
        raise StatisticsError(Problem(option, f"{text!r} is not a number", "Example: 0.915.")) from error


def _decimals(text: str) -> int:
    return len(text.partition(".")[2]) or 1
