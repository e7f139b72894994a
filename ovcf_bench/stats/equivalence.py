"""Verdicts against a declared margin: non-inferiority and equivalence of two correlated AUROCs.

Sources: Liu, Ma, Wu & Tai, Statistics in Medicine 2006;25:1219-1238 (margins for paired AUROCs); limits by
Zou & Donner 2008 (MOVER).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ovcf_bench.stats.delong import AurocComparison
from ovcf_bench.stats.intervals import Interval, auroc_interval, mover_interval

NO_MARGIN = "no margin was declared, and without one nothing can be judged"

Direction = Literal["superior", "inferior", "not different"]


@dataclass(frozen=True, slots=True)
class MarginVerdict:
    """What the limits of first minus second say against a margin; verdict: None without limits or margin.

    interval : of non-inferiority 95 % two-sided, its lower limit is the one-sided 97.5 % limit; of equivalence 90 %,
    the two one-sided tests at 5 %; direction : what the 95 % interval says about 0, so that a result may be
    non-inferior and inferior at once; None for equivalence.
    """

    interval: Interval | None
    verdict: (
        Literal["non-inferior", "inferior beyond the margin", "equivalent", "not equivalent", "inconclusive"] | None
    )
    direction: Direction | None
    reason: str


def judge_noninferiority(comparison: AurocComparison, margin: float | None) -> MarginVerdict:
    """Return whether `comparison.first` is less than `margin` below `comparison.second`; no margin, no verdict.

    margin : the largest loss of AUROC that is acceptable, above 0.
    """
    return _judge(comparison, margin, 0.95, noninferiority_of)


def noninferiority_of(interval: Interval, margin: float | None) -> MarginVerdict:
    """Return the verdict that a 95 % interval of first - second gives."""
    direction: Direction = "superior" if interval.low > 0 else "inferior" if interval.high < 0 else "not different"
    if margin is None:
        return MarginVerdict(interval, None, direction, NO_MARGIN)
    # MOVER's limits: at the margin Wald's call 6.7 % of worse views non-inferior (52/52, nominal 2.5 %).
    if interval.low > -margin:
        return MarginVerdict(interval, "non-inferior", direction, "")
    beyond = interval.high < -margin
    return MarginVerdict(interval, "inferior beyond the margin" if beyond else "inconclusive", direction, "")


def judge_equivalence(comparison: AurocComparison, margin: float | None) -> MarginVerdict:
    """Return whether the 90 % interval lies wholly inside, or wholly outside, -margin to +margin."""
    return _judge(comparison, margin, 0.90, equivalence_of)


def equivalence_of(interval: Interval, margin: float | None) -> MarginVerdict:
    """Return the verdict that a 90 % interval of first - second gives."""
    if margin is None:
        # A margin chosen now would be chosen with the interval in sight.
        return MarginVerdict(interval, None, None, NO_MARGIN)
    if -margin < interval.low and interval.high < margin:
        return MarginVerdict(interval, "equivalent", None, "")
    outside = interval.high < -margin or interval.low > margin
    return MarginVerdict(interval, "not equivalent" if outside else "inconclusive", None, "")


def _judge(
    comparison: AurocComparison,
    margin: float | None,
    level: float,
    verdict_of: Callable[[Interval, float | None], MarginVerdict],
) -> MarginVerdict:
    limits = None
    if comparison.correlation is not None:
        limits = mover_interval(comparison.first, comparison.second, comparison.correlation, level=level)
    if limits is not None:
        return verdict_of(limits, margin)
    lacking = [each.reason for each in (comparison.first, comparison.second) if auroc_interval(each) is None]
    return MarginVerdict(None, None, None, f"no limits: {lacking[0] if lacking else comparison.reason}")
