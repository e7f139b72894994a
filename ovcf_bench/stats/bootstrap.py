"""Bootstrap of two AUROCs and of their difference, with the same resamples for both views.

Source: Efron, JASA 1987;82:171-185 (percentile and BCa). Resamples of independent cases are stratified by label;
clustered cases are resampled by patient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from ovcf_bench.stats.auroc import Placements, place
from ovcf_bench.stats.cases import Bools, Floats, complete_cases, last_of_ties, number_complete
from ovcf_bench.stats.clusters import sum_clusters
from ovcf_bench.stats.intervals import Interval
from ovcf_bench.stats.resampling import ROUNDING, blocks, draw_counts, percentile, resampled_test

RESAMPLES = 2000
LARGEST_MATRIX = 10_000_000  # pairs of a positive and a negative; beyond it weighted ranks need less memory
_BLOCK = 4_000_000  # numbers held at once by a block of resamples
PERCENTILE, BCA = "bootstrap, percentile", "bootstrap, BCa"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """difference = first - second; p: two-sided, of difference / se; `resamples` that held both classes."""

    first: float
    second: float
    difference: float
    se: float
    z: float | None
    p: float | None
    percentile: Interval
    bca: Interval | None
    first_interval: Interval
    second_interval: Interval
    resamples: int
    reason: str


def compare_by_bootstrap(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    rng: np.random.Generator,
    clusters: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> Bootstrap:
    """Return the bootstrap of both AUROCs on complete pairs.

    labels : (n,) 0/1; first, second : (n,), NaN = missing; clusters : (n,) patients, then resampled whole. Raises
    StatisticsError naming the set `name` when the complete pairs hold one class or a score is infinite.
    """
    truth, views, _ = complete_cases(labels, first, second, name=name)
    placed = [place(truth, view) for view in views]
    numbers = number_complete(clusters, first, second)
    if clusters is None:
        seed = int(rng.integers(2**63))  # the same for every view: they share their resamples
        draws = np.stack([_stratified(truth, view, np.random.default_rng(seed), resamples) for view in views])
    else:
        draws = _by_cluster(truth, views, numbers, rng, resamples)
    return _summarise(placed, draws, _influence(placed, truth, numbers), level)


def _stratified(truth: Bools, view: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Return AUROCs (resamples,) of one view over resamples of each class at its own size."""
    m, n = int(truth.sum()), int((~truth).sum())
    auroc: Callable[[Floats, Floats], Floats]
    if m * n <= LARGEST_MATRIX:
        wins = _wins(view[truth], view[~truth])
        auroc = lambda up, down: np.einsum("bn,bn->b", up @ wins, down) / (m * n)  # noqa: E731
        most = _BLOCK
    else:
        order = np.argsort(view)
        auroc = lambda up, down: _weighted(truth, view, order, up, down)  # noqa: E731
        most = 1  # weighted ranks take one resample at a time
    return np.concatenate(
        [auroc(draw_counts(rng, m, size), draw_counts(rng, n, size)) for size in blocks(resamples, m + n, most)]
    )


def _wins(positives: Floats, negatives: Floats) -> Floats:
    """Return 1 where the positive (row) outranks the negative (column), 1/2 for a tie, 0 otherwise."""
    above = positives[:, None] > negatives[None, :]
    ties = positives[:, None] == negatives[None, :]
    wins: Floats = above + 0.5 * ties
    return wins


def _weighted(truth: Bools, view: Floats, order: npt.NDArray[np.int64], up: Floats, down: Floats) -> Floats:
    """Return the AUROC of one resample, (1,), from weighted ranks of the cases sorted once."""
    weight = np.zeros(truth.size)
    weight[~truth] = down[0]
    ranked = view[order]
    last = last_of_ties(ranked)
    through = np.cumsum(weight[order])[last]
    below = np.repeat((through + np.append(0.0, through[:-1])) / 2, np.diff(last, prepend=-1))
    wins = np.empty(truth.size)
    wins[order] = below
    return np.array([np.dot(wins[truth], up[0]) / (up[0].sum() * down[0].sum())])


def _by_cluster(
    truth: Bools, views: tuple[Floats, ...], clusters: npt.NDArray[np.int64], rng: np.random.Generator, resamples: int
) -> Floats:
    """Return AUROCs (views, resamples) over resamples of whole clusters; those of one class are left out."""
    size = int(clusters.max()) + 1
    found = []
    orders = [np.argsort(view) for view in views]
    for _ in range(resamples):
        weight = draw_counts(rng, size, 1)[0, clusters]
        up, down = weight[truth][None], weight[~truth][None]
        if up.sum() and down.sum():
            pairs = zip(views, orders, strict=True)
            found.append([float(_weighted(truth, view, order, up, down)[0]) for view, order in pairs])
    return np.asarray(found, dtype=np.float64).reshape(-1, len(views)).T


def _influence(placed: list[Placements], truth: Bools, clusters: npt.NDArray[np.int64]) -> Floats:
    """Return each cluster's influence on the difference, for BCa's acceleration."""
    a, b = (sum_clusters(each, truth, clusters) for each in placed)
    return (a.positive + a.negative) - (b.positive + b.negative)


def _summarise(placed: list[Placements], draws: Floats, influence: Floats, level: float) -> Bootstrap:
    first, second = placed[0].auroc, placed[1].auroc
    difference, drawn = first - second, draws[0] - draws[1]
    se = float(drawn.std(ddof=1)) if drawn.size > 1 else 0.0
    z, p, reason = resampled_test(difference, se)
    return Bootstrap(
        first=first,
        second=second,
        difference=difference,
        se=se,
        z=z,
        p=p,
        percentile=percentile(drawn, PERCENTILE, level),
        bca=_bca(drawn, difference, influence, level) if se > ROUNDING else None,
        first_interval=percentile(draws[0], PERCENTILE, level),
        second_interval=percentile(draws[1], PERCENTILE, level),
        resamples=int(drawn.size),
        reason=reason,
    )


def _bca(drawn: Floats, estimate: float, influence: Floats, level: float) -> Interval | None:
    """Return the bias-corrected and accelerated interval. Source: Efron 1987, eq. 2.3 and 6.6."""
    below = (np.count_nonzero(drawn < estimate) + 0.5 * np.count_nonzero(drawn == estimate)) / drawn.size
    spread = float(np.sum(influence**2)) ** 1.5
    if not 0 < below < 1 or spread == 0:
        return None
    bias = float(norm.ppf(below))
    acceleration = float(np.sum(influence**3)) / (6 * spread)
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        reach = bias + float(norm.ppf(tail))
        if acceleration * reach >= 1:
            return None
        shares.append(float(norm.cdf(bias + reach / (1 - acceleration * reach))))
    if any(math.isnan(share) for share in shares):
        return None
    low, high = np.quantile(drawn, shares)
    return Interval(float(low), float(high), BCA, level)
