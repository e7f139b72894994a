"""The area under the ROC curve with its variance and covariance (DeLong), in O(n log n).

Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845; Sun & Xu, IEEE Signal Processing
Letters 2014;21:1389-1393 (the same components from ranks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Bools, Floats, complete_cases, last_of_ties

AurocStatus = Literal["ok", "below_half", "perfect", "constant_score", "single_case"]


@dataclass(frozen=True, slots=True)
class Placements:
    """DeLong's components of one score vector, in case order within each class.

    positive : (m,) share of the negatives that each positive case outranks, ties counting half (V10);
    negative : (n,) share of the positives that outrank each negative case (V01); auroc : mean of either;
    constant : whether all scores are equal.
    """

    positive: Floats
    negative: Floats
    auroc: float
    constant: bool = False


@dataclass(frozen=True, slots=True)
class AurocEstimate:
    """An AUROC with DeLong's variance; `variance` is None where one class has a single case.

    missing : cases left out because their score is NaN; clusters : how many patients stand behind the cases
    when the variance is Obuchowski's for clustered cases, None when every case is taken as independent.
    """

    auroc: float
    variance: float | None
    positives: int
    negatives: int
    missing: int
    status: AurocStatus
    reason: str
    clusters: int | None = None


def place(labels: Bools, scores: Floats) -> Placements:
    """Return the placements of complete cases.

    labels : (n,) bool, both classes present; scores : (n,) float64, finite.
    Source: DeLong 1988, eq. 4-5; one sort per score vector as in Sun & Xu 2014.
    """
    order = np.argsort(scores)
    ranked = scores[order]
    negatives_through = np.cumsum(~labels[order], dtype=np.int64)
    last = last_of_ties(ranked)
    below = _half_of_ties(negatives_through[last])
    above = _half_of_ties((last + 1) - negatives_through[last])
    m, n = int(np.count_nonzero(labels)), int(negatives_through[-1])
    if last.size < ranked.size:
        run_lengths = np.diff(last, prepend=-1)
        below, above = np.repeat(below, run_lengths), np.repeat(above, run_lengths)
    by_case = np.empty((2, ranked.size))
    by_case[0, order], by_case[1, order] = below, above
    negatives_below = by_case[0][labels]
    # Whole and half numbers add up exactly, so equal rankings give equal AUROCs to the last bit.
    auroc = float(negatives_below.sum() / (m * n))
    return Placements(negatives_below / n, (m - by_case[1][~labels]) / m, auroc, constant=last.size == 1)


def _half_of_ties(through: npt.NDArray[np.int64]) -> Floats:
    """Return, for each run of ties, how many of a class stand below it, plus half of those inside it."""
    halves = through.astype(np.float64)
    halves[1:] += through[:-1]
    halves *= 0.5
    return halves


def covariance(first: Placements, second: Placements) -> float | None:
    """Return DeLong's covariance of two AUROCs of the same cases (the variance when both are the same).

    None where one class has a single case. Source: DeLong 1988, eq. 6.
    """
    m, n = first.positive.size, first.negative.size
    # The denominators are m - 1 and n - 1: one case tells nothing of how cases of its class vary.
    if min(m, n) < 2:
        return None
    between_positives = np.dot(first.positive - first.auroc, second.positive - second.auroc) / (m - 1)
    between_negatives = np.dot(first.negative - first.auroc, second.negative - second.auroc) / (n - 1)
    return float(between_positives / m + between_negatives / n)


def estimate_auroc(labels: npt.ArrayLike, scores: npt.ArrayLike, *, name: str) -> AurocEstimate:
    """Return the AUROC of the cases that have a score, with DeLong's variance.

    labels : (n,) 0/1; scores : (n,), NaN = missing. Raises StatisticsError naming the set `name` when one
    class is absent or a score is infinite.
    """
    checked, (complete,), missing = complete_cases(labels, scores, name=name)
    placements = place(checked, complete)
    return with_variance(placements, covariance(placements, placements), missing=missing)


def with_variance(
    placements: Placements, variance: float | None, *, missing: int = 0, clusters: int | None = None
) -> AurocEstimate:
    """Return the estimate that `placements` with their `variance` amount to; clusters : patients, when clustered."""
    status, reason = _judge(placements, variance, clusters)
    return AurocEstimate(
        auroc=placements.auroc,
        variance=variance,
        positives=placements.positive.size,
        negatives=placements.negative.size,
        missing=missing,
        status=status,
        reason=reason,
        clusters=clusters,
    )


def _judge(placements: Placements, variance: float | None, clusters: int | None) -> tuple[AurocStatus, str]:
    if variance is None:
        what = "case" if clusters is None else "patient"
        return "single_case", f"one class has a single {what}: a variance cannot be estimated"
    if placements.constant:
        return "constant_score", "every case has the same score: the AUROC is 0.5 by definition"
    if placements.auroc in (0.0, 1.0):
        none = "" if clusters is None else ", and no interval for clustered cases exists there"
        return "perfect", f"the scores separate the classes completely: the variance is 0{none}"
    # Said and never flipped: a direction chosen on the test set is fitted to it.
    if placements.auroc < 0.5:
        return "below_half", "the AUROC is below 0.5: higher scores go with the negative class"
    return "ok", ""
