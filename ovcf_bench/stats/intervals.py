"""Confidence intervals: of one AUROC, of a difference of two correlated ones (MOVER), of a proportion.

Sources: Pepe, The Statistical Evaluation of Medical Tests, 2003, p. 107 (logit); Newcombe, Statistics in
Medicine 2006;25:559-573, method 5; DeLong 1988 (linear); Zou & Donner, Statistics in Medicine 2008;27:1693-1702,
eq. 6 (MOVER, with the limits of each AUROC); Wilson, JASA 1927;22:209-212 and Clopper & Pearson, Biometrika
1934;26:404-413 (proportions, through statsmodels).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

from ovcf_bench.stats.auroc import AurocEstimate
from ovcf_bench.stats.cases import Floats

LOGIT_DELONG = "logit-transformed DeLong"
LOGIT_CLUSTERED = "logit-transformed, clustered by patient (Obuchowski 1997)"
LINEAR_DELONG = "linear DeLong"
NEWCOMBE = "Newcombe 2006, method 5"
_Numbers = TypeVar("_Numbers", float, Floats)
FEWEST_PER_CLASS = 20  # below this the normal approximation of the logit is not trusted


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval; `level` is its nominal coverage, `method` how it was made."""

    low: float
    high: float
    method: str
    level: float

    def covers(self, value: float) -> bool:
        """Return whether `value` lies inside, limits included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Estimated:
    """A value with its interval and, where one is used, its standard error; None where `reason` says why."""

    value: float | None
    interval: Interval | None
    reason: str = ""
    se: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second of the same cases, each a share, a mean or an area; None where `reason` says why."""

    first: float | None
    second: float | None
    difference: float | None
    se: float | None
    interval: Interval | None
    z: float | None
    p: float | None
    reason: str


def normal_quantile(level: float) -> float:
    """Return the standard normal quantile of a two-sided interval: 1.96 for a level of .95."""
    return float(norm.ppf(0.5 + level / 2))


def two_sided_p(statistic: float, df: float | None = None) -> float:
    """Return the two-sided p of a standard normal statistic, or of Student's t with `df` degrees of freedom."""
    return float(2 * (norm.sf(abs(statistic)) if df is None else student.sf(abs(statistic), df)))


def symmetric_interval(value: float, se: float, method: str, level: float, *, df: float | None = None) -> Interval:
    """Return value +- q SE, with the normal quantile q or that of Student's t with `df` degrees of freedom."""
    reach = (normal_quantile(level) if df is None else float(student.ppf(0.5 + level / 2, df))) * se
    return Interval(value - reach, value + reach, method, level)


def logit_interval(value: float, reach: float, method: str, level: float) -> Interval:
    """Return the interval that extends `reach` to either side of the logit of a value in (0, 1)."""
    centre = float(logit(value))
    return Interval(float(expit(centre - reach)), float(expit(centre + reach)), method, level)


def logit_delong_interval(
    auroc: float, variance: float, *, level: float = 0.95, method: str = LOGIT_DELONG
) -> Interval:
    """Return the interval that is symmetric for the logit of an AUROC (or a share) in (0, 1). Source: Pepe 2003."""
    reach = normal_quantile(level) * math.sqrt(variance) / (auroc * (1 - auroc))
    return logit_interval(auroc, reach, method, level)


def linear_delong_interval(auroc: float, variance: float, *, level: float = 0.95) -> Interval:
    """Return AUROC +- z SE, cut to [0, 1]; too narrow near 1. Source: DeLong 1988."""
    whole = symmetric_interval(auroc, math.sqrt(variance), LINEAR_DELONG, level)
    return replace(whole, low=max(0.0, whole.low), high=min(1.0, whole.high))


def newcombe_interval(auroc: float, positives: int, negatives: int, *, level: float = 0.95) -> Interval:
    """Return the interval whose limits t solve |auroc - t| = z SE(t); never of width 0.

    SE is Hanley & McNeil's with both class sizes replaced by their mean. Source: Newcombe 2006, method 5.
    """
    low = _newcombe_low(auroc, positives, negatives, normal_quantile(level))
    # The variance is symmetric about one half, so the upper limit is the mirrored lower one.
    high = 1 - _newcombe_low(1 - auroc, positives, negatives, normal_quantile(level))
    return Interval(low, high, NEWCOMBE, level)


def _newcombe_low(auroc: float, positives: int, negatives: int, z: float) -> float:
    if auroc == 0:
        return 0.0
    others = (positives + negatives) / 2 - 1

    def excess(limit: float) -> float:
        spread = limit * (1 - limit) * (1 + others * ((1 - limit) / (2 - limit) + limit / (1 + limit)))
        return (auroc - limit) ** 2 - z**2 * spread / (positives * negatives)

    # The estimate 1 is itself a root (its variance is 0): search just below it.
    return float(brentq(excess, 0.0, min(auroc, 1 - 1e-12), xtol=1e-15, rtol=1e-14))


def auroc_interval(estimate: AurocEstimate, *, level: float = 0.95) -> Interval | None:
    """Return the default interval of an AUROC, or None where `estimate.reason` says why there is none.

    Newcombe's method when the AUROC is 0 or 1 or a class has fewer than 20 cases, else logit-DeLong. Clustered
    cases get the logit interval on their clustered variance, and none where that variance is 0.
    """
    if estimate.variance is None or estimate.status == "constant_score":
        return None
    flat = estimate.status == "perfect" or estimate.variance == 0
    if estimate.clusters is not None:
        if flat:
            return None
        return logit_delong_interval(estimate.auroc, estimate.variance, level=level, method=LOGIT_CLUSTERED)
    if flat or min(estimate.positives, estimate.negatives) < FEWEST_PER_CLASS:
        return newcombe_interval(estimate.auroc, estimate.positives, estimate.negatives, level=level)
    return logit_delong_interval(estimate.auroc, estimate.variance, level=level)


def mover_interval(
    first: AurocEstimate, second: AurocEstimate, correlation: float, *, level: float = 0.95
) -> Interval | None:
    """Return the interval of first - second, or None when either AUROC has no interval.

    correlation : of the two AUROC estimates, in [-1, 1]. Source: Zou & Donner 2008, eq. 6.
    """
    a, b = auroc_interval(first, level=level), auroc_interval(second, level=level)
    if a is None or b is None:
        return None
    difference = first.auroc - second.auroc
    down = float(mover_reach(first.auroc - a.low, b.high - second.auroc, correlation))
    up = float(mover_reach(a.high - first.auroc, second.auroc - b.low, correlation))
    parts = [name for name in (LOGIT_DELONG, LOGIT_CLUSTERED, NEWCOMBE) if name in (a.method, b.method)]
    return Interval(difference - down, difference + up, f"MOVER on {' and '.join(parts)} limits", level)


def mover_reach(one: _Numbers, other: _Numbers, correlation: float) -> _Numbers:
    """Return how far a limit of the difference lies from it, by how far those of both estimates do (any shape)."""
    squared = one**2 + other**2 - 2 * correlation * one * other
    reach: _Numbers = np.sqrt(np.maximum(squared, 0.0))  # rounding may take a perfect correlation just below 0
    return reach


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
