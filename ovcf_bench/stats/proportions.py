"""Proportions with Wilson and Clopper-Pearson intervals.

Sources: Wilson, JASA 1927;22:209-212; Clopper & Pearson, Biometrika 1934;26:404-413; through statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint

from ovcf_bench.stats.intervals import Interval

WILSON = "Wilson"
CLOPPER_PEARSON = "Clopper-Pearson"


@dataclass(frozen=True, slots=True)
class Proportion:
    """`count` of `n`; the value is None, with the reason, when there is nothing to count."""

    count: int
    n: int
    value: float | None
    wilson: Interval | None
    clopper_pearson: Interval | None
    reason: str


def proportion(count: int, n: int, *, empty: str = "nothing to count", level: float = 0.95) -> Proportion:
    """Return count / n with both intervals; for n = 0 the value is None and `empty` is the reason."""
    if n == 0:
        return Proportion(count, n, None, None, None, empty)
    wilson = proportion_confint(count, n, alpha=1 - level, method="wilson")
    exact = proportion_confint(count, n, alpha=1 - level, method="beta")
    return Proportion(
        count=count,
        n=n,
        value=count / n,
        wilson=Interval(float(wilson[0]), float(wilson[1]), WILSON, level),
        clopper_pearson=Interval(float(exact[0]), float(exact[1]), CLOPPER_PEARSON, level),
        reason="",
    )
