"""Verdicts against a declared margin: non-inferiority and equivalence of two correlated AUROCs.

Sources: Liu, Ma, Wu & Tai, Statistics in Medicine 2006;25:1219-1238 (margins for paired AUROCs); limits by
Zou & Donner 2008 (MOVER).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ovcf_bench.stats.delong import AurocComparison
from ovcf_bench.stats.intervals import Interval, auroc_interval, mover_interval

NO_MARGIN = "no margin was declared, and without one nothing can be judged"

NoninferiorityVerdict = Literal["non-inferior", "inconclusive", "inferior beyond the margin"]
EquivalenceVerdict = Literal["equivalent", "inconclusive", "not equivalent"]
Direction = Literal["superior", "inferior", "not different"]


@dataclass(frozen=True, slots=True)
class Noninferiority:
    """Whether the first AUROC is less than `margin` below the second (97.5 % one-sided).

    interval : 95 % two-sided, its lower limit is the one-sided 97.5 % limit; direction : what the same
    interval says about 0, so that a result may be non-inferior and inferior at once.
    """

    interval: Interval | None
    verdict: NoninferiorityVerdict | None
    direction: Direction | None
    reason: str


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether the AUROCs lie less than `margin` apart (two one-sided tests at 5 %: the 90 % interval)."""

    interval: Interval | None
    verdict: EquivalenceVerdict | None
    reason: str


def judge_noninferiority(comparison: AurocComparison, margin: float | None) -> Noninferiority:
    """Return the verdict on `comparison.first` against `comparison.second`; no margin, no verdict.

    margin : the largest loss of AUROC that is acceptable, above 0.
    """
    interval = _limits(comparison, level=0.95)
    if interval is None:
        return Noninferiority(None, None, None, _no_interval(comparison))
    return noninferiority_of(interval, margin)


def noninferiority_of(interval: Interval, margin: float | None) -> Noninferiority:
    """Return the verdict that a 95 % interval of first - second gives."""
    direction = _direction(interval)
    if margin is None:
        return Noninferiority(interval, None, direction, NO_MARGIN)
    # MOVER's limits: at the margin Wald's call 6.7 % of worse views non-inferior (52/52, nominal 2.5 %).
    verdict: NoninferiorityVerdict = "inconclusive"
    if interval.low > -margin:
        verdict = "non-inferior"
    elif interval.high < -margin:
        verdict = "inferior beyond the margin"
    return Noninferiority(interval, verdict, direction, "")


def judge_equivalence(comparison: AurocComparison, margin: float | None) -> Equivalence:
    """Return whether the 90 % interval lies wholly inside, or wholly outside, -margin to +margin."""
    interval = _limits(comparison, level=0.90)
    if interval is None:
        return Equivalence(None, None, _no_interval(comparison))
    return equivalence_of(interval, margin)


def equivalence_of(interval: Interval, margin: float | None) -> Equivalence:
    """Return the verdict that a 90 % interval of first - second gives."""
    if margin is None:
        # A margin chosen now would be chosen with the interval in sight.
        return Equivalence(interval, None, NO_MARGIN)
    verdict: EquivalenceVerdict = "inconclusive"
    if -margin < interval.low and interval.high < margin:
        verdict = "equivalent"
    elif interval.high < -margin or interval.low > margin:
        verdict = "not equivalent"
    return Equivalence(interval, verdict, "")


def _limits(comparison: AurocComparison, *, level: float) -> Interval | None:
    if comparison.correlation is None:
        return None
    return mover_interval(comparison.first, comparison.second, comparison.correlation, level=level)


def _no_interval(comparison: AurocComparison) -> str:
    for estimate in (comparison.first, comparison.second):
        if auroc_interval(estimate) is None:
            return f"no limits: {estimate.reason}"
    return f"no limits: {comparison.reason}"


def _direction(interval: Interval) -> Direction:
    if interval.low > 0:
        return "superior"
    return "inferior" if interval.high < 0 else "not different"
