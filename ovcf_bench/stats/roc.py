"""The empirical ROC curve as counts at each distinct threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Floats, Ints, complete_cases, last_of_ties


@dataclass(frozen=True, slots=True)
class RocCounts:
    """True and false positives of the rule score >= threshold, thresholds descending.

    thresholds : (k + 1,), first +inf (nothing is called positive), then every distinct score; tp, fp : the
    same length; positives, negatives : class sizes.
    """

    thresholds: Floats
    tp: Ints
    fp: Ints
    positives: int
    negatives: int


def roc_counts(labels: npt.ArrayLike, scores: npt.ArrayLike, *, name: str) -> RocCounts:
    """Return the curve of the cases that have a score.

    labels : (n,) 0/1; scores : (n,), NaN = missing. Raises StatisticsError naming the set `name` when one
    class is absent or a score is infinite.
    """
    checked, (complete,), _ = complete_cases(labels, scores, name=name)
    order = np.argsort(-complete)
    ranked = complete[order]
    last = last_of_ties(ranked)
    tp = np.cumsum(checked[order])[last]
    return RocCounts(
        thresholds=np.append(np.inf, ranked[last]),
        tp=np.append(0, tp).astype(np.int64),
        fp=np.append(0, last + 1 - tp).astype(np.int64),
        positives=int(tp[-1]),
        negatives=int(checked.size - tp[-1]),
    )


def corner_points(curve: RocCounts) -> RocCounts:
    """Return the same curve without the points that lie inside a straight run; its drawing is unchanged."""
    tp_step, fp_step = np.diff(curve.tp), np.diff(curve.fp)
    # Two neighbouring steps point the same way when their cross product is 0.
    bends = tp_step[1:] * fp_step[:-1] != fp_step[1:] * tp_step[:-1]
    kept = np.concatenate([[True], bends, [True]])
    return replace(curve, thresholds=curve.thresholds[kept], tp=curve.tp[kept], fp=curve.fp[kept])
