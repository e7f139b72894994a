"""DeLong's test of two correlated AUROCs.

Source: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845; placements as Sun & Xu 2014.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from ovcf_bench.stats.auroc import AurocEstimate, Placements, covariance, place, summarise
from ovcf_bench.stats.cases import complete_cases
from ovcf_bench.stats.intervals import Interval, normal_quantile
from ovcf_bench.stats.mover import mover_interval

PairedStatus = Literal["ok", "identical_ranks", "one_view_degenerate", "no_variance", "single_case"]

DELONG = "DeLong"
# Placements are shares of at most 1; a variance of their rounding errors stays below this.
_NO_VARIANCE = 1e-30


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two AUROCs of the same cases: difference = first - second, on complete pairs.

    missing : cases left out for lack of either score; correlation : of the two AUROC estimates, 0 when one
    has no variance, 1 for identical ranks; `interval` is DeLong's, and MOVER's where DeLong's has no width
    or rests on one view only.
    """

    first: AurocEstimate
    second: AurocEstimate
    missing: int
    difference: float
    covariance: float | None
    correlation: float | None
    se: float | None
    interval: Interval | None
    z: float | None
    p: float | None
    status: PairedStatus
    reason: str


@dataclass(frozen=True, slots=True)
class _Test:
    """What DeLong's test says, or why it says nothing."""

    se: float | None
    z: float | None
    p: float | None
    status: PairedStatus
    reason: str


def compare_paired(
    labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, *, name: str, level: float = 0.95
) -> PairedComparison:
    """Return DeLong's paired test of two score vectors.

    labels : (n,) 0/1; first, second : (n,), same case order, NaN = missing. Raises StatisticsError naming
    the set `name` when the complete pairs hold one class or a score is infinite. Source: DeLong 1988, eq. 5-8.
    """
    checked, scores, missing = complete_cases(labels, first, second, name=name)
    placed = [place(checked, column) for column in scores]
    estimates = [
        summarise(placements, constant=bool(np.ptp(column) == 0))
        for placements, column in zip(placed, scores, strict=True)
    ]
    return _compare(placed[0], placed[1], estimates[0], estimates[1], missing, level)


def _compare(
    a: Placements, b: Placements, first: AurocEstimate, second: AurocEstimate, missing: int, level: float
) -> PairedComparison:
    difference = first.auroc - second.auroc
    # Components of the difference: free of the cancellation in var(a) + var(b) - 2 cov(a, b).
    contrast = Placements(a.positive - b.positive, a.negative - b.negative, difference)
    test = _delong_test(contrast, first, second)
    joint = covariance(a, b)
    correlation = _correlation(first, second, joint, identical=test.status == "identical_ranks")
    return PairedComparison(
        first=first,
        second=second,
        missing=missing,
        difference=difference,
        covariance=joint,
        correlation=correlation,
        se=test.se,
        interval=_interval(first, second, difference, test, correlation, level),
        z=test.z,
        p=test.p,
        status=test.status,
        reason=test.reason,
    )


def _delong_test(contrast: Placements, first: AurocEstimate, second: AurocEstimate) -> _Test:
    variance = covariance(contrast, contrast)
    if variance is None:
        return _Test(None, None, None, "single_case", "one class has a single case: no variance")
    if variance <= _NO_VARIANCE:
        if contrast.auroc == 0:
            return _Test(0.0, 0.0, 1.0, "identical_ranks", "both rank the cases alike: no difference at all")
        reason = "the difference has no variance over the cases: DeLong's test is not defined"
        return _Test(0.0, None, None, "no_variance", reason)
    se = math.sqrt(variance)
    z = contrast.auroc / se
    p = float(2 * norm.sf(abs(z)))
    if 0.0 in (first.variance, second.variance):
        reason = "one AUROC has no variance (complete separation or a constant score): p is anti-conservative"
        return _Test(se, z, p, "one_view_degenerate", reason)
    return _Test(se, z, p, "ok", "")


def _correlation(first: AurocEstimate, second: AurocEstimate, joint: float | None, *, identical: bool) -> float | None:
    if identical:
        return 1.0
    if first.variance is None or second.variance is None or joint is None:
        return None
    if first.variance == 0 or second.variance == 0:
        return 0.0
    return max(-1.0, min(1.0, joint / math.sqrt(first.variance * second.variance)))


def _interval(
    first: AurocEstimate,
    second: AurocEstimate,
    difference: float,
    test: _Test,
    correlation: float | None,
    level: float,
) -> Interval | None:
    if test.se is None or correlation is None:
        return None
    if test.status != "ok":
        return mover_interval(first, second, correlation, level=level)
    reach = normal_quantile(level) * test.se
    return Interval(difference - reach, difference + reach, DELONG, level)
