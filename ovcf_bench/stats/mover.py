"""Limits of a difference of two correlated AUROCs, recovered from the limits of each (MOVER).

Source: Zou & Donner, Statistics in Medicine 2008;27:1693-1702, eq. 6; with the limits of `intervals`.
"""

from __future__ import annotations

import math

from ovcf_bench.stats.auroc import AurocEstimate
from ovcf_bench.stats.intervals import LOGIT_CLUSTERED, LOGIT_DELONG, NEWCOMBE, Interval, auroc_interval


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
    down = _reach(first.auroc - a.low, b.high - second.auroc, correlation)
    up = _reach(a.high - first.auroc, second.auroc - b.low, correlation)
    parts = [name for name in (LOGIT_DELONG, LOGIT_CLUSTERED, NEWCOMBE) if name in (a.method, b.method)]
    return Interval(difference - down, difference + up, f"MOVER on {' and '.join(parts)} limits", level)


def _reach(one: float, other: float, correlation: float) -> float:
    squared = one**2 + other**2 - 2 * correlation * one * other
    return math.sqrt(max(squared, 0.0))  # rounding may take a perfect correlation just below 0
