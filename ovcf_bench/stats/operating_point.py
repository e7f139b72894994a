"""A decision threshold: fitted on one set of scores, frozen, then judged on another.

Sources: Youden, Cancer 1950;3:32-35; F1's interval by a bootstrap stratified by label (Efron 1987).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Bools, Floats, complete_cases
from ovcf_bench.stats.intervals import Interval, Proportion, proportion
from ovcf_bench.stats.resampling import STRATIFIED, percentile
from ovcf_bench.stats.roc import RocCounts, roc_counts


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """How a threshold is chosen; `value` is the wanted sensitivity, specificity or the threshold itself."""

    kind: Literal["youden", "sensitivity", "specificity", "fixed"]
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of the rule score >= threshold."""

    tp: int
    fp: int
    fn: int
    tn: int


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Counts and accuracy measures at one threshold; `f1` is 2 tp / (2 tp + fp + fn)."""

    counts: Confusion
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion
    npv: Proportion
    accuracy: Proportion
    f1: float
    f1_interval: Interval


def fit_threshold(labels: npt.ArrayLike, scores: npt.ArrayLike, rule: ThresholdRule, *, name: str) -> float:
    """Return the threshold that meets `rule` on these scores, on the scale of the scores.

    It lies half-way between two neighbouring scores; it is the lowest score where all cases are called positive, and
    the next number above the highest where none is. Youden: the largest
    sensitivity + specificity, and of several the most sensitive. Sensitivity (specificity): the highest
    (lowest) threshold that reaches it. Raises StatisticsError naming the set `name` when one class is absent
    or a score is infinite.
    """
    if rule.kind == "fixed":
        return float(_wanted(rule))
    curve = roc_counts(labels, scores, name=name)
    return _half_way(curve, _chosen(curve, rule))


def _chosen(curve: RocCounts, rule: ThresholdRule) -> int:
    """Return the index of the wanted point of the curve, whose thresholds descend."""
    if rule.kind == "youden":
        # In whole numbers, so that equal sums tie exactly; the last of several is the most sensitive.
        youden = curve.tp * curve.negatives - curve.fp * curve.positives
        return int(np.flatnonzero(youden == youden.max())[-1])
    if rule.kind == "sensitivity":
        return int(np.flatnonzero(curve.tp >= _wanted(rule) * curve.positives - _ROUNDING)[0])
    true_negatives = curve.negatives - curve.fp
    return int(np.flatnonzero(true_negatives >= _wanted(rule) * curve.negatives - _ROUNDING)[-1])


_ROUNDING = 1e-9  # 0.9 * 50 cases may come out just above 45


def _wanted(rule: ThresholdRule) -> float:
    if rule.value is None:
        raise ValueError(f"the threshold rule {rule.kind!r} needs a value")
    return rule.value


def _half_way(curve: RocCounts, index: int) -> float:
    """Return a threshold between this point's score and the next lower one."""
    here = float(curve.thresholds[index])
    if index + 1 == curve.thresholds.size:
        return here
    if math.isinf(here):
        return math.nextafter(float(curve.thresholds[index + 1]), math.inf)
    middle = (here + float(curve.thresholds[index + 1])) / 2
    # Between neighbouring floats the middle rounds to one of them; only the upper one keeps the counts.
    return middle if middle > curve.thresholds[index + 1] else here


def confusion(labels: Bools, scores: Floats, threshold: float) -> Confusion:
    """Return the counts of complete cases; labels : (n,) bool; scores : (n,) float64."""
    called = scores >= threshold
    tp = int(np.count_nonzero(called & labels))
    fp = int(np.count_nonzero(called & ~labels))
    positives = int(np.count_nonzero(labels))
    return Confusion(tp=tp, fp=fp, fn=positives - tp, tn=int(labels.size) - positives - fp)


def operate(
    labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float, *, name: str, rng: np.random.Generator
) -> OperatingPoint:
    """Return what the frozen threshold does on the cases that have a score.

    labels : (n,) 0/1; scores : (n,), NaN = missing; rng draws the resamples of F1. Raises StatisticsError
    naming the set `name` when one class is absent or a score is infinite.
    """
    checked, (complete,), _ = complete_cases(labels, scores, name=name)
    counts = confusion(checked, complete, threshold)
    return OperatingPoint(
        counts=counts,
        sensitivity=proportion(counts.tp, counts.tp + counts.fn),
        specificity=proportion(counts.tn, counts.tn + counts.fp),
        ppv=proportion(counts.tp, counts.tp + counts.fp, empty="no case was called positive"),
        npv=proportion(counts.tn, counts.tn + counts.fn, empty="no case was called negative"),
        accuracy=proportion(counts.tp + counts.tn, int(checked.size)),
        f1=2 * counts.tp / (2 * counts.tp + counts.fp + counts.fn),
        f1_interval=f1_interval(counts, rng=rng),
    )


def f1_interval(counts: Confusion, *, rng: np.random.Generator, resamples: int = 2000, level: float = 0.95) -> Interval:
    """Return the percentile interval of F1 over resamples of each class at its own size.

    Resampling a class with replacement makes its count of called cases binomial, so the counts are drawn
    directly. Source: Efron 1987.
    """
    positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
    tp = rng.binomial(positives, counts.tp / positives, resamples)
    fp = rng.binomial(negatives, counts.fp / negatives, resamples)
    return percentile(2 * tp / (tp + fp + positives), STRATIFIED, level)
