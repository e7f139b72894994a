"""Two paired proportions: McNemar's test and Newcombe's interval of the difference.

Sources: McNemar, Psychometrika 1947;12:153-157 (exact form through statsmodels); Fagerland, Lydersen & Laake, BMC
Medical Research Methodology 2013;13:91 (mid-p); Newcombe, Statistics in Medicine 1998;17:2635-2650, method 10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.cases import check_labels
from ovcf_bench.stats.intervals import Interval

NEWCOMBE_10 = "Newcombe 1998, method 10"


@dataclass(frozen=True, slots=True)
class PairedProportions:
    """n11 and n00: both true, both false; n10, n01: only the first, only the second; difference = first - second."""

    n11: int
    n10: int
    n01: int
    n00: int
    difference: float | None
    exact_p: float | None
    mid_p: float | None
    interval: Interval | None
    reason: str


def compare_proportions(first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95) -> PairedProportions:
    """Return the comparison of two (n,) vectors of truth values of the same cases; no discordant pair gives p = 1.

    Raises StatisticsError for values other than 0 and 1, and for vectors of different length.
    """
    a, b = (check_labels(each, name="paired proportions") for each in (first, second))
    if a.shape != b.shape:
        raise StatisticsError(Problem("paired proportions", f"{a.size} and {b.size} values", "Allowed: equally many."))
    n11, n10 = int(np.count_nonzero(a & b)), int(np.count_nonzero(a & ~b))
    n01, n00 = int(np.count_nonzero(~a & b)), int(np.count_nonzero(~a & ~b))
    if a.size == 0:
        return PairedProportions(0, 0, 0, 0, None, None, None, None, "no case to compare")
    discordant = n10 + n01
    exact = float(mcnemar([[n11, n10], [n01, n00]], exact=True).pvalue) if discordant else 1.0
    mid = 1.0
    if n10 != n01:  # the point probability of an even split would count more than half of the distribution
        mid = min(1.0, exact - float(binom.pmf(min(n10, n01), discordant, 0.5)))
    elif discordant:  # an even split: twice the mid-p tail less the doubled point, as the reference values have it
        mid = 1.0 - float(binom.pmf(n10, discordant, 0.5))
    return PairedProportions(
        n11, n10, n01, n00, (n10 - n01) / a.size, min(1.0, exact), mid, _newcombe(n11, n10, n01, n00, level), ""
    )


def _newcombe(n11: int, n10: int, n01: int, n00: int, level: float) -> Interval:
    """Return method 10: Wilson limits of each proportion, joined by their correlation."""
    n = n11 + n10 + n01 + n00
    first, second = (n11 + n10) / n, (n11 + n01) / n
    low_a, high_a = proportion_confint(n11 + n10, n, alpha=1 - level, method="wilson")
    low_b, high_b = proportion_confint(n11 + n01, n, alpha=1 - level, method="wilson")
    phi = _correlation(n11, n10, n01, n00)
    down = _reach(first - low_a, high_b - second, phi)
    up = _reach(second - low_b, high_a - first, phi)
    difference = first - second
    return Interval(max(-1.0, difference - down), min(1.0, difference + up), NEWCOMBE_10, level)


def _correlation(n11: int, n10: int, n01: int, n00: int) -> float:
    n = n11 + n10 + n01 + n00
    product = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00)
    if product == 0:
        return 0.0
    excess = n11 * n00 - n10 * n01
    if excess > n / 2:
        excess -= n / 2  # type: ignore[assignment]  # Newcombe's continuity correction of a positive correlation
    elif excess >= 0:
        excess = 0
    return excess / math.sqrt(product)


def _reach(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))
