"""Do published figures fit together: two AUROCs, the size of the test set, and the p of DeLong's test?

The bound rests on var(A) <= A (1 - A) [1/(m - 1) + 1/(n - 1)], which DeLong's estimate obeys because placements lie
in [0, 1] (Bhatia & Davis, American Mathematical Monthly 2000;107:353-357), and on the worst correlation, -1. The
range over correlations takes scores as binormal (`stats.binormal`).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.binormal import auroc_covariance, delong_variance
from ovcf_bench.stats.intervals import two_sided_p

AuditVerdict = Literal["possible", "implausible", "impossible"]
CORRELATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_INSIDE = 1e-9  # an AUROC of 1 has no variance; just below it has one


@dataclass(frozen=True, slots=True)
class Audit:
    """Largest standard error, and p, that DeLong's test allows; lowest and highest p by correlation of the scores."""

    difference: float
    se_bound: float
    p_bound: float
    by_correlation: tuple[tuple[float, float, float], ...]
    verdict: AuditVerdict | None
    sentence: str
    reason: str


def audit_pair(
    first: float,
    second: float,
    positives: int,
    negatives: int,
    p: float | None,
    *,
    decimals: int = 3,
    p_decimals: int = 3,
) -> Audit:
    """Return whether `p` can be DeLong's for two views of the same patients, one image each.

    first, second : AUROCs as published to `decimals`; p : as published to `p_decimals`, None when it is not known.
    Every number within rounding is tried. Raises StatisticsError for figures that no test set has.
    """
    _refuse(first, second, positives, negatives, p)
    # Printed figures are rounded: a verdict must hold for everything that rounds to them.
    corners = list(itertools.product(_rounded(first, decimals), _rounded(second, decimals)))
    least = max(0.0, abs(first - second) - float(10**-decimals))
    se_bound = max(_largest_se(a, positives, negatives) + _largest_se(b, positives, negatives) for a, b in corners)
    p_bound = two_sided_p(least / se_bound) if se_bound > 0 else float(least == 0)
    spans = tuple((r, *_span(corners, least, r, positives, negatives)) for r in CORRELATIONS)
    verdict, sentence = _judge(p, p_decimals, p_bound, spans, positives, negatives)
    reason = "" if p is not None else "no p was published: only the range is given"
    return Audit(first - second, se_bound, p_bound, spans, verdict, sentence, reason)


def _refuse(first: float, second: float, positives: int, negatives: int, p: float | None) -> None:
    problems = [
        Problem("AUROC", f"{value:g} is no AUROC", "Allowed: 0 to 1.")
        for value in (first, second)
        if not 0 <= value <= 1
    ]
    if min(positives, negatives) < 2:
        found = f"{positives} positives and {negatives} negatives"
        problems.append(Problem("cases", found, "DeLong's variance needs two of each class."))
    if p is not None and not 0 <= p <= 1:
        problems.append(Problem("p", f"{p:g} is no p-value", "Allowed: 0 to 1."))
    if problems:
        raise StatisticsError(*problems)


def _rounded(value: float, decimals: int) -> tuple[float, float, float]:
    half = 0.5 * 10**-decimals
    return max(_INSIDE, value - half), min(max(value, _INSIDE), 1 - _INSIDE), min(1 - _INSIDE, value + half)


def _largest_se(auroc: float, positives: int, negatives: int) -> float:
    # DeLong's variance obeys var(A) <= A(1 - A)[1/(m - 1) + 1/(n - 1)], whatever the scores were.
    return math.sqrt(auroc * (1 - auroc) * (1 / (positives - 1) + 1 / (negatives - 1)))


def _span(
    corners: list[tuple[float, float]], least: float, correlation: float, positives: int, negatives: int
) -> tuple[float, float]:
    """Return the lowest and the highest p of all figures within rounding."""
    found = []
    for a, b in corners:
        one, other = (float(delong_variance(each, positives, negatives)) for each in (a, b))
        joint = float(auroc_covariance(a, b, correlation, positives, negatives))
        # At correlation .95 and like AUROCs rounding may leave a variance below 0.
        se = math.sqrt(max(one + other - 2 * joint, 1e-18))
        found.append(two_sided_p((a - b) / se))
    return min(found), 1.0 if least == 0 else max(found)


def _judge(
    p: float | None,
    p_decimals: int,
    p_bound: float,
    spans: tuple[tuple[float, float, float], ...],
    positives: int,
    negatives: int,
) -> tuple[AuditVerdict | None, str]:
    low, high = min(span[1] for span in spans), max(span[2] for span in spans)
    expected = f"between {_p(low)} and {_p(high)} for correlations of the scores from 0 to .95"
    if p is None:
        return None, f"DeLong's p for {positives} and {negatives} cases would lie {expected}."
    half = 0.5 * 10**-p_decimals
    if p - half > p_bound:
        # About the figures, never about people: most often p belongs to another test set, as in Kim 2024.
        return "impossible", (
            f"p = {_p(p)} cannot refer to this test set, under DeLong's test with one image per patient: with "
            f"{positives} and {negatives} cases it cannot exceed {_p(p_bound)}, and is expected {expected}."
        )
    if p + half < low or p - half > high:
        return "implausible", (
            f"p = {_p(p)} is not ruled out for this test set, but lies outside what is expected: {expected}."
        )
    return "possible", f"p = {_p(p)} can refer to this test set; it is expected {expected}."


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")
