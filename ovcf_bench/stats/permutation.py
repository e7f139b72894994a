"""Permutation tests of two views of the same cases: exchange of the views, and Venkatraman's test of the curves.

Only ranks within a view are exchanged, never scores, as two views may score on different scales. Source:
Venkatraman & Begg, Biometrika 1996;83:835-848; p = (b + 1) / (B + 1): Phipson & Smyth, SAGMB 2010;9:39.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from ovcf_bench.stats.cases import ALIKE, Bools, Floats, complete_cases, number_complete
from ovcf_bench.stats.resampling import MOST_EXACT, blocks, exchanges

DRAWS = 10_000
_BLOCK = 2_000_000  # numbers held at once


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """statistic as observed; p: share of exchanges at least as extreme; `exact`: all exchanges were made."""

    statistic: float
    p: float
    draws: int
    exact: bool
    reason: str


def exchange_views(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    rng: np.random.Generator,
    clusters: npt.ArrayLike | None = None,
    draws: int = DRAWS,
) -> PermutationTest:
    """Return the test of equal AUROCs on complete pairs; the statistic is first - second.

    labels : (n,) 0/1; first, second : (n,), NaN = missing; clusters : (n,) patients, whose cases are exchanged
    together. Raises StatisticsError naming the set `name` for one class or an infinite score.
    """
    truth, views, _ = complete_cases(labels, first, second, name=name)
    ranks = rankdata(views[0]), rankdata(views[1])
    units = number_complete(clusters, first, second)
    differ = np.unique(units[ranks[0] != ranks[1]])  # the others are the same after an exchange
    values, codes = np.unique(np.concatenate(ranks), return_inverse=True)
    first_codes, second_codes = codes.reshape(2, -1)
    observed = _difference(truth, first_codes[None], second_codes[None], values.size)[0]
    if differ.size == 0:
        return PermutationTest(0.0, 1.0, 0, True, ALIKE)
    exact = differ.size <= MOST_EXACT
    extreme = made = 0
    for exchanged in exchanges(rng, units, differ, draws, _BLOCK):
        a = np.where(exchanged, second_codes, first_codes)
        b = np.where(exchanged, first_codes, second_codes)
        extreme += int(np.count_nonzero(np.abs(_difference(truth, a, b, values.size)) >= abs(observed) - 1e-12))
        made += len(exchanged)
    p = extreme / made if exact else (extreme + 1) / (made + 1)
    return PermutationTest(float(observed), p, made, exact, "")


def _difference(truth: Bools, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], size: int) -> Floats:
    """Return the difference of AUROCs of each row of exchanged ranks (block, n), given as codes below `size`."""
    aurocs = []
    for codes in (a, b):
        rows = np.arange(len(codes))[:, None] * size
        positives, negatives = (
            np.bincount((rows + codes[:, members]).ravel(), minlength=len(codes) * size).reshape(-1, size)
            for members in (truth, ~truth)
        )
        below = np.cumsum(negatives, axis=1) - 0.5 * negatives
        aurocs.append(np.einsum("bv,bv->b", positives, below))
    difference: Floats = (aurocs[0] - aurocs[1]) / (np.count_nonzero(truth) * np.count_nonzero(~truth))
    return difference


def compare_curves(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> PermutationTest:
    """Return Venkatraman's test that two ROC curves agree everywhere, on complete pairs.

    The statistic is the sum over all rank thresholds of the distance between the two views' numbers of errors. Tied
    cases pass a threshold together as observed and in random order after an exchange, as in pROC: with many ties p
    errs on the high side. Arguments and errors as `exchange_views`. Source: Venkatraman & Begg 1996.
    """
    truth, views, _ = complete_cases(labels, first, second, name=name)
    ranks = rankdata(views[0]), rankdata(views[1])
    observed = float(np.abs(_errors(truth, ranks[0]) - _errors(truth, ranks[1])).sum())
    if np.array_equal(*ranks):
        return PermutationTest(0.0, 1.0, 0, True, ALIKE)
    extreme = 0
    for size in blocks(draws, truth.size, _BLOCK):
        exchanged = rng.integers(2, size=(size, truth.size)).astype(np.bool_)
        a, b = np.where(exchanged, ranks[1], ranks[0]), np.where(exchanged, ranks[0], ranks[1])
        extreme += int(np.count_nonzero(_distance(truth, a, b, rng) >= observed))
    return PermutationTest(observed, (extreme + 1) / (draws + 1), draws, False, "")


def _errors(truth: Bools, ranks: Floats) -> npt.NDArray[np.int64]:
    """Return the number of errors at each threshold 1 to n, midranks as they are."""
    thresholds = np.arange(1, truth.size + 1)
    positives_below = np.searchsorted(np.sort(ranks[truth]), thresholds, side="right")
    negatives_below = np.searchsorted(np.sort(ranks[~truth]), thresholds, side="right")
    return positives_below + np.count_nonzero(~truth) - negatives_below


def _distance(truth: Bools, a: Floats, b: Floats, rng: np.random.Generator) -> Floats:
    """Return the statistic of each row: errors at a threshold are 2 (positives below it) + a constant."""
    below = []
    for ranks in (a, b):
        broken = ranks + rng.uniform(0, 0.25, size=ranks.shape)  # midranks lie at least .5 apart
        below.append(np.cumsum(truth[np.argsort(broken, axis=1)], axis=1, dtype=np.int64))
    distance: Floats = 2.0 * np.abs(below[0] - below[1]).sum(axis=1)
    return distance
