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
from scipy.stats import norm

from ovcf_bench.stats.auroc import AurocEstimate, Placements, covariance, place, summarise, with_variance
from ovcf_bench.stats.cases import check_labels, check_scores, complete_cases, number_clusters, number_complete
from ovcf_bench.stats.clusters import ClusterSums, clustered_covariance, sum_clusters
from ovcf_bench.stats.intervals import Interval, mover_interval, normal_quantile

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


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both estimates with their covariance and the variance of the difference (None: cannot be estimated)."""

    first: AurocEstimate
    second: AurocEstimate
    joint: float | None
    variance: float | None
    method: str


@dataclass(frozen=True, slots=True)
class _Test:
    """What the test says, or why it says nothing."""

    se: float | None
    z: float | None
    p: float | None
    status: ComparisonStatus
    reason: str


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
    checked, (a, b), missing = complete_cases(labels, first, second, name=name)
    placed = place(checked, a), place(checked, b)
    constant = bool(np.ptp(a) == 0), bool(np.ptp(b) == 0)
    if clusters is None:
        pair = _independent(placed, constant)
    else:
        numbers = number_complete(clusters, first, second)
        sums = [sum_clusters(each, checked, numbers, int(numbers.max()) + 1) for each in placed]
        pair = _clustered(placed, constant, sums)
    return _compare(pair, missing, level)


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
    checked = check_labels(labels, name=name)
    numbers = number_clusters(clusters, checked.size)
    size = int(numbers.max()) + 1
    placed, constant, sums, known = [], [], [], []
    for column in (first, second):
        scores = check_scores(column, name=name)
        scored = ~np.isnan(scores)
        _, (complete,), _ = complete_cases(labels, column, name=name)
        placed.append(place(checked[scored], complete))
        constant.append(bool(np.ptp(complete) == 0))
        sums.append(sum_clusters(placed[-1], checked[scored], numbers[scored], size))
        known.append(scored)
    pair = _all_data(placed, constant, sums, clustered=clusters is not None)
    return _compare(pair, int(np.count_nonzero(known[0] ^ known[1])), level)


def _independent(placed: tuple[Placements, Placements], constant: tuple[bool, bool]) -> _Pair:
    a, b = placed
    first, second = (summarise(each, constant=same) for each, same in zip(placed, constant, strict=True))
    # Components of the difference: free of the cancellation in var(a) + var(b) - 2 cov(a, b).
    contrast = Placements(a.positive - b.positive, a.negative - b.negative, a.auroc - b.auroc)
    return _Pair(first, second, covariance(a, b), covariance(contrast, contrast), DELONG)


def _clustered(placed: tuple[Placements, Placements], constant: tuple[bool, bool], sums: list[ClusterSums]) -> _Pair:
    a, b = sums
    contrast = ClusterSums(a.positive - b.positive, a.negative - b.negative, a.has_positive, a.has_negative)
    first, second = _estimates(placed, constant, sums, clustered=True)
    return _Pair(first, second, clustered_covariance(a, b), clustered_covariance(contrast, contrast), CLUSTERED)


def _all_data(placed: list[Placements], constant: list[bool], sums: list[ClusterSums], *, clustered: bool) -> _Pair:
    first, second = _estimates(placed, constant, sums, clustered=clustered)
    joint = clustered_covariance(*sums)
    method = f"{ALL_DATA}, clustered by patient" if clustered else ALL_DATA
    if first.variance is None or second.variance is None:
        return _Pair(first, second, joint, None, method)
    # Views that share hardly a case have no covariance to estimate: they are as good as independent.
    variance = first.variance + second.variance - 2 * (joint or 0.0)
    return _Pair(first, second, joint or 0.0, max(variance, 0.0), method)


def _estimates(
    placed: tuple[Placements, ...] | list[Placements],
    constant: tuple[bool, ...] | list[bool],
    sums: list[ClusterSums],
    *,
    clustered: bool,
) -> tuple[AurocEstimate, AurocEstimate]:
    made = []
    for each, same, own in zip(placed, constant, sums, strict=True):
        clusters = int(np.count_nonzero(own.has_positive | own.has_negative)) if clustered else None
        made.append(with_variance(each, clustered_covariance(own, own), constant=same, clusters=clusters))
    return made[0], made[1]


def _compare(pair: _Pair, missing: int, level: float) -> AurocComparison:
    first, second = pair.first, pair.second
    difference = first.auroc - second.auroc
    test = _test(pair, difference)
    correlation = _correlation(pair, identical=test.status == "identical_ranks")
    return AurocComparison(
        first=first,
        second=second,
        missing=missing,
        difference=difference,
        covariance=pair.joint,
        correlation=correlation,
        se=test.se,
        interval=_interval(pair, difference, test, correlation, level),
        z=test.z,
        p=test.p,
        status=test.status,
        reason=test.reason,
        method=pair.method,
    )


def _test(pair: _Pair, difference: float) -> _Test:
    if pair.variance is None:
        what = "case" if pair.first.clusters is None else "patient"
        return _Test(None, None, None, "single_case", f"one class has a single {what}: no variance")
    if pair.variance <= _NO_VARIANCE:
        if difference == 0:
            return _Test(0.0, 0.0, 1.0, "identical_ranks", "both rank the cases alike: no difference at all")
        reason = "the difference has no variance over the cases: DeLong's test is not defined"
        return _Test(0.0, None, None, "no_variance", reason)
    se = math.sqrt(pair.variance)
    z = difference / se
    p = float(2 * norm.sf(abs(z)))
    # DeLong sees no variance in a perfect curve, and so too little in the difference.
    if 0.0 in (pair.first.variance, pair.second.variance):
        reason = "one AUROC has no variance (complete separation or a constant score): p is anti-conservative"
        return _Test(se, z, p, "one_view_degenerate", reason)
    return _Test(se, z, p, "ok", "")


def _correlation(pair: _Pair, *, identical: bool) -> float | None:
    first, second, joint = pair.first.variance, pair.second.variance, pair.joint
    if identical:
        return 1.0
    if first is None or second is None or joint is None:
        return None
    if first == 0 or second == 0:
        return 0.0
    return max(-1.0, min(1.0, joint / math.sqrt(first * second)))


def _interval(pair: _Pair, difference: float, test: _Test, correlation: float | None, level: float) -> Interval | None:
    if test.se is None or correlation is None:
        return None
    # Where a variance is 0 Wald's limits are too narrow, or have no width; MOVER takes Newcombe's (Zou & Donner 2008).
    if test.status != "ok":
        return mover_interval(pair.first, pair.second, correlation, level=level)
    reach = normal_quantile(level) * test.se
    return Interval(difference - reach, difference + reach, pair.method, level)


def wald_interval(comparison: AurocComparison, *, level: float) -> Interval | None:
    """Return difference +- z SE at another level, or None where the test has no SE. Source: DeLong 1988."""
    if comparison.status not in ("ok", "one_view_degenerate") or comparison.se is None:
        return None
    reach = normal_quantile(level) * comparison.se
    return Interval(comparison.difference - reach, comparison.difference + reach, "Wald", level)
