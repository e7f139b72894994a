"""Variance and covariance of AUROCs when patients have several cases, or when a view is missing for some.

Sources: Obuchowski, Biometrics 1997;53:567-578 (clustered cases); Zhou & Gatsonis, Statistics in Medicine
1996;15:1687-1693 (views missing completely at random). With one case per cluster and no missing view both are
DeLong's formulae.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.auroc import AurocEstimate, Placements, place, with_variance
from ovcf_bench.stats.cases import Bools, Floats, Ints, number_clusters


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """One view's components of its AUROC, centred and added up within each of K clusters.

    positive, negative : (K,) sums over the positive (negative) cases, each divided by the number of such cases;
    has_positive, has_negative : (K,) whether the cluster holds a scored case of the class.
    """

    positive: Floats
    negative: Floats
    has_positive: Bools
    has_negative: Bools


def sum_clusters(placements: Placements, labels: Bools, clusters: Ints, size: int | None = None) -> ClusterSums:
    """Return the components of `placements` by cluster.

    labels, clusters : (n,) of the same cases in the same order; size : K, where clusters of the highest numbers have
    no scored case.
    """
    size = int(clusters.max()) + 1 if size is None else size
    sums, present = [], []
    for values, members in (
        (placements.positive, clusters[labels]),
        (placements.negative, clusters[~labels]),
    ):
        centred = (values - placements.auroc) / values.size
        sums.append(np.bincount(members, weights=centred, minlength=size).astype(np.float64))
        present.append(np.bincount(members, minlength=size) > 0)
    return ClusterSums(sums[0], sums[1], present[0], present[1])


def clustered_covariance(first: ClusterSums, second: ClusterSums) -> float | None:
    """Return the covariance of two AUROCs over the same K clusters (the variance when both are the same).

    None where fewer than two clusters hold positives (negatives) of both views. Sources: Obuchowski 1997, eq. 4-9;
    with missing views Zhou & Gatsonis 1996, the shared cases centred at the AUROCs of all cases.
    """
    with_positive = int(np.count_nonzero(first.has_positive & second.has_positive))
    with_negative = int(np.count_nonzero(first.has_negative & second.has_negative))
    if min(with_positive, with_negative) < 2:
        return None
    shared = (first.has_positive | first.has_negative) & (second.has_positive | second.has_negative)
    # A patient with a fractured and a healthy image ties the two classes together: DeLong has no such term.
    across = np.dot(first.positive, second.negative) + np.dot(first.negative, second.positive)
    return float(
        _unbias(with_positive) * np.dot(first.positive, second.positive)
        + _unbias(with_negative) * np.dot(first.negative, second.negative)
        + _unbias(int(np.count_nonzero(shared))) * across
    )


def _unbias(clusters: int) -> float:
    # Patients are the sample, not images.
    return clusters / (clusters - 1)


def estimate_clustered(labels: Bools, scores: Floats, clusters: npt.ArrayLike) -> AurocEstimate:
    """Return the AUROC of complete cases with Obuchowski's variance.

    labels, scores, clusters : (n,), both classes present. Source: Obuchowski 1997.
    """
    placements = place(labels, scores)
    numbers = number_clusters(clusters, labels.size)
    return with_own_variance(placements, sum_clusters(placements, labels, numbers))


def with_own_variance(placements: Placements, sums: ClusterSums, *, clustered: bool = True) -> AurocEstimate:
    """Return the estimate with the variance of its `sums`; clustered : whether patients may have several cases."""
    patients = int(np.count_nonzero(sums.has_positive | sums.has_negative)) if clustered else None
    return with_variance(placements, clustered_covariance(sums, sums), clusters=patients)
