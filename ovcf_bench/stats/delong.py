"""DeLong's test of two correlated AUROCs, with its forms for clustered cases and for missing views.

Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845; Obuchowski, Biometrics 1997;53:567-578;
Zhou & Gatsonis, Statistics in Medicine 1996;15:1687-1693; placements as Sun & Xu 2014.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.auroc import AurocEstimate, Placements, covariance, place, with_variance
from ovcf_bench.stats.cases import ALIKE, complete_cases, number_clusters, number_complete
from ovcf_bench.stats.clusters import ClusterSums, clustered_covariance, sum_clusters, with_own_variance
from ovcf_bench.stats.intervals import Interval, mover_interval, symmetric_interval, two_sided_p

ComparisonStatus = Literal["ok", "identical_ranks", "one_view_degenerate", "no_variance", "single_case"]

DELONG = "DeLong"
CLUSTERED = "Obuchowski 1997, clustered by patient"
ALL_DATA = "Zhou & Gatsonis 1996, all data"
# Placements are shares of at most 1; a variance of their rounding errors stays below this.
_NO_VARIANCE = 1e-30


@dataclass(frozen=True, slots=True)
class AurocComparison:
    """Two AUROCs: difference = first - second.

    missing : cases that lack a score; correlation : of the two AUROC estimates, 0 when one has no variance, 1 for
    identical ranks; `interval` is the test's own, and MOVER's where that has no width or rests on one view only;
    method : whose variance the test rests on.
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
    status: ComparisonStatus
    reason: str
    method: str


def compare_paired(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> AurocComparison:
    """Return DeLong's paired test of two score vectors on complete pairs, or Obuchowski's when cases are clustered.

    labels : (n,) 0/1; first, second : (n,), same case order, NaN = missing; clusters : (n,) patient of each case.
    Raises StatisticsError naming the set `name` when the complete pairs hold one class or a score is infinite.
    Sources: DeLong 1988, eq. 5-8; Obuchowski 1997.
    """
    checked, views, missing = complete_cases(labels, first, second, name=name)
    a, b = (place(checked, view) for view in views)
    if clusters is None:
        # Components of the difference: free of the cancellation in var(a) + var(b) - 2 cov(a, b).
        contrast = Placements(a.positive - b.positive, a.negative - b.negative, a.auroc - b.auroc)
        one, other = (with_variance(each, covariance(each, each)) for each in (a, b))
        joint, variance = covariance(a, b), covariance(contrast, contrast)
        return _compare(one, other, joint=joint, variance=variance, method=DELONG, missing=missing, level=level)
    numbers = number_complete(clusters, first, second)
    c, d = (sum_clusters(each, checked, numbers) for each in (a, b))
    apart = ClusterSums(c.positive - d.positive, c.negative - d.negative, c.has_positive, c.has_negative)
    one, other = with_own_variance(a, c), with_own_variance(b, d)
    joint, variance = clustered_covariance(c, d), clustered_covariance(apart, apart)
    return _compare(one, other, joint=joint, variance=variance, method=CLUSTERED, missing=missing, level=level)


def compare_all_data(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> AurocComparison:
    """Return the test that uses every score of either view; views are taken to miss completely at random.

    Arguments and errors as `compare_paired`; cases may also be listed once for each view (unpaired within their
    cluster). Source: Zhou & Gatsonis 1996.
    """
    numbers = number_clusters(clusters, np.size(labels))
    size = int(numbers.max()) + 1
    known, sums, estimates = [], [], []
    for column in (first, second):
        truth, (scores,), _ = complete_cases(labels, column, name=name)
        known.append(~np.isnan(np.asarray(column, dtype=np.float64)))
        placed = place(truth, scores)
        sums.append(sum_clusters(placed, truth, numbers[known[-1]], size))
        estimates.append(with_own_variance(placed, sums[-1], clustered=clusters is not None))
    one, other = estimates
    joint, variance = clustered_covariance(*sums), None
    if one.variance is not None and other.variance is not None:
        # Views that share hardly a case have no covariance to estimate: they are as good as independent.
        joint = joint or 0.0
        variance = max(one.variance + other.variance - 2 * joint, 0.0)
    method = ALL_DATA if clusters is None else f"{ALL_DATA}, clustered by patient"
    missing = int(np.count_nonzero(known[0] ^ known[1]))
    return _compare(one, other, joint=joint, variance=variance, method=method, missing=missing, level=level)


def _compare(
    first: AurocEstimate,
    second: AurocEstimate,
    *,
    joint: float | None,
    variance: float | None,
    method: str,
    missing: int,
    level: float,
) -> AurocComparison:
    """Return the test; joint : covariance of the AUROCs; variance : of their difference, None: not to be estimated."""
    difference = first.auroc - second.auroc
    se = z = p = None
    if variance is not None:
        se = 0.0 if variance <= _NO_VARIANCE else math.sqrt(variance)
    status, reason = _judge(first, second, se)
    if status == "identical_ranks":
        z, p = 0.0, 1.0
    elif se:
        z = difference / se
        p = two_sided_p(z)
    correlation = 1.0 if status == "identical_ranks" else _correlation(first.variance, second.variance, joint)
    if se is None or correlation is None:
        interval = None
    elif status == "ok":
        interval = symmetric_interval(difference, se, method, level)
    else:
        # At a variance of 0 Wald's limits are too narrow or have no width; MOVER takes Newcombe's (Zou & Donner 2008).
        interval = mover_interval(first, second, correlation, level=level)
    return AurocComparison(
        first=first,
        second=second,
        missing=missing,
        difference=difference,
        covariance=joint,
        correlation=correlation,
        se=se,
        interval=interval,
        z=z,
        p=p,
        status=status,
        reason=reason,
        method=method,
    )


def _judge(first: AurocEstimate, second: AurocEstimate, se: float | None) -> tuple[ComparisonStatus, str]:
    """Return what became of the test with the standard error `se`, and why it says nothing or too much."""
    if se is None:
        what = "case" if first.clusters is None else "patient"
        return "single_case", f"one class has a single {what}: no variance"
    if se == 0 and first.auroc == second.auroc:
        return "identical_ranks", ALIKE
    if se == 0:
        return "no_variance", "the difference has no variance over the cases: DeLong's test is not defined"
    # DeLong sees no variance in a perfect curve, and so too little in the difference.
    if 0.0 in (first.variance, second.variance):
        reason = "one AUROC has no variance (complete separation or a constant score): p is anti-conservative"
        return "one_view_degenerate", reason
    return "ok", ""


def _correlation(first: float | None, second: float | None, joint: float | None) -> float | None:
    if first is None or second is None or joint is None:
        return None
    if first == 0 or second == 0:
        return 0.0
    return max(-1.0, min(1.0, joint / math.sqrt(first * second)))


def wald_interval(comparison: AurocComparison, *, level: float) -> Interval | None:
    """Return difference +- z SE at another level, or None where the test has no SE. Source: DeLong 1988."""
    if comparison.status not in ("ok", "one_view_degenerate") or comparison.se is None:
        return None
    return symmetric_interval(comparison.difference, comparison.se, "Wald", level)
