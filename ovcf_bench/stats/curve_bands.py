"""How far a ROC curve and its average precision could lie from where they do, by resampling.

Sources: Macskassy & Provost, ROC Analysis in AI workshop at ECAI 2004 (vertical averaging, pointwise bands);
Boyd, Eng & Page, ECML PKDD 2013 (intervals of average precision). Independent cases are resampled within each
class; cases of the same patient together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.integrate import trapezoid

from ovcf_bench.stats.cases import Bools, Floats, Ints, complete_cases, number_clusters
from ovcf_bench.stats.intervals import Interval
from ovcf_bench.stats.partial_auroc import standardise
from ovcf_bench.stats.resampling import BY_PATIENT, STRATIFIED, blocks, draw_counts, percentile

SPECIFICITY = 0.9  # from which the partial area counts
RESAMPLES = 1000
GRID = tuple(step / 50 for step in range(51))  # 1 - specificity at which the band is given
_MOST_LEVELS = 1000  # of different scores; beyond it neighbours are resampled together
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Band:
    """Pointwise limits of sensitivity, (k,), where 1 - specificity is `at`, (k,)."""

    at: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    method: str


@dataclass(frozen=True, slots=True)
class CurveSpread:
    """The band of the ROC curve; average precision (at the prevalence of the cases) with its interval; the interval of
    the standardised partial AUROC at specificity .9 to 1."""

    band: Band
    average_precision: float
    precision_interval: Interval
    partial_interval: Interval


def curve_spread(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    name: str,
    rng: np.random.Generator,
    clusters: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> CurveSpread:
    """Return band and average precision of complete cases.

    labels : (n,) 0/1; scores : (n,), no NaN; clusters : (n,) patients. Raises StatisticsError naming the set
    `name` when one class is absent or a score is infinite.
    """
    truth, (view,), _ = complete_cases(labels, scores, name=name)
    levels = _levels(view)
    patients = None if clusters is None else number_clusters(clusters, truth.size)
    curves, precisions, partials = [], [], []
    for size in blocks(resamples, max(view.size, int(levels.max()) + 1), _BLOCK):
        tp, fp = (np.cumsum(each, axis=1) for each in _drawn(truth, levels, patients, rng, size))
        whole = (tp[:, -1] > 0) & (fp[:, -1] > 0)
        x, y = (np.pad(each[whole] / each[whole, -1:], ((0, 0), (1, 0))) for each in (fp, tp))
        curves.append(np.array([np.interp(GRID, a, b) for a, b in zip(x, y, strict=True)]).reshape(-1, len(GRID)))
        partials.append(np.array([_partial(a, b) for a, b in zip(x, y, strict=True)]))
        precisions.append(_average_precision(tp[whole], fp[whole]))
    tails = [(1 - level) / 2, (1 + level) / 2]
    method = STRATIFIED if clusters is None else BY_PATIENT
    low, high = np.quantile(np.concatenate(curves), tails, axis=0)
    precision, partial = (percentile(np.concatenate(each), method, level) for each in (precisions, partials))
    return CurveSpread(
        band=Band(GRID, tuple(low.tolist()), tuple(high.tolist()), method),
        average_precision=average_precision(truth, view),
        precision_interval=precision,
        partial_interval=partial,
    )


def average_precision(labels: Bools, scores: Floats) -> float:
    """Return the mean of precision over recall, without interpolation; cases of equal score count together."""
    levels = np.unique(-scores, return_inverse=True)[1]
    size = int(levels.max()) + 1
    tp, fp = (np.cumsum(np.bincount(levels[each], minlength=size))[None].astype(float) for each in (labels, ~labels))
    return float(_average_precision(tp, fp)[0])


def _levels(view: Floats) -> Ints:
    """Return the rank of each case's score among the different ones, (n,), the highest first."""
    ranks = np.unique(-view, return_inverse=True)[1].astype(np.int64)
    different = int(ranks.max()) + 1
    return ranks if different <= _MOST_LEVELS else ranks * _MOST_LEVELS // different


def _drawn(truth: Bools, levels: Ints, patients: Ints | None, rng: np.random.Generator, size: int) -> Iterator[Floats]:
    """Yield how many positives, then how many negatives, stand at each level: (resamples, levels) each."""
    of_patients = None if patients is None else draw_counts(rng, int(patients.max()) + 1, size)
    for members in (truth, ~truth):
        at = levels[members]
        counts = draw_counts(rng, at.size, size) if of_patients is None else of_patients
        rows = np.arange(at.size) if patients is None else patients[members]
        # From counts of who is drawn to counts of levels.
        standing = sparse.csr_array((np.ones(at.size), (rows, at)), shape=(counts.shape[1], int(levels.max()) + 1))
        yield np.asarray(counts @ standing)


def _partial(x: Floats, y: Floats) -> float:
    """Return the standardised area of one curve where 1 - x is at least .9."""
    highest = 1 - SPECIFICITY
    inside = int(np.searchsorted(x, highest, side="right"))
    ends = np.append(x[:inside], highest), np.append(y[:inside], np.interp(highest, x, y))
    return standardise(float(trapezoid(ends[1], ends[0])), highest)


def _average_precision(tp: Floats, fp: Floats) -> Floats:
    called = tp + fp
    precision = np.divide(tp, called, out=np.zeros_like(tp), where=called > 0)
    found: Floats = np.sum(np.diff(tp, axis=1, prepend=0.0) * precision, axis=1) / tp[:, -1]
    return found
