"""The area under a part of the ROC curve.

Source: McClish, Medical Decision Making 1989;9:190-195 (area and standardised area); bootstrap test: Efron 1987.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.cases import Bools, Floats, Ints, complete_cases, last_of_ties
from ovcf_bench.stats.intervals import Difference
from ovcf_bench.stats.resampling import STRATIFIED, blocks, draw_weights, percentile, resampled_test

RESAMPLES = 2000
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class PartialAuroc:
    """Area over the range; `standardised` maps chance to .5 and perfection to 1 (McClish)."""

    area: float
    standardised: float


def partial_auroc(labels: npt.ArrayLike, scores: npt.ArrayLike, *, name: str, specificity: float = 0.9) -> PartialAuroc:
    """Return the area where specificity is at least `specificity`, on cases that have a score.

    labels : (n,) 0/1; scores : (n,), NaN = missing. Raises StatisticsError naming the set `name` for one class or an
    infinite score, and for a specificity that leaves no range.
    """
    truth, (view,), _ = complete_cases(labels, scores, name=name)
    if not 0 <= specificity < 1:
        raise StatisticsError(Problem("specificity", f"is {specificity:g}", "Allowed: at least 0 and less than 1."))
    return _partial(truth, view, 1 - specificity)


def _partial(truth: Bools, view: Floats, highest: float) -> PartialAuroc:
    order, last = _sorted(view)
    area = float(_areas(truth[order], last, np.ones((1, truth.size)), highest)[0])
    return PartialAuroc(area, standardise(area, highest))


def standardise(area: float, highest: float) -> float:
    """Return the area up to 1 - specificity = `highest`, scaled so that chance is .5 and perfection 1 (McClish)."""
    # The area under the diagonal up to there: what chance gives, and .5 on the new scale (McClish 1989).
    least = highest**2 / 2
    return 0.5 * (1 + (area - least) / (highest - least))


def _sorted(view: Floats) -> tuple[Ints, Ints]:
    """Return the descending order and the last position of each run of ties."""
    order = np.argsort(-view, kind="stable")
    return order, last_of_ties(view[order])


def _areas(truth: Bools, last: Ints, weights: Floats, highest: float) -> Floats:
    """Return the area up to false positive rate `highest` of each row of weights (block, n), cases descending."""
    rates = []
    for members in (truth, ~truth):
        counted = np.cumsum(weights * members, axis=1)[:, last]
        rates.append(np.pad(counted / counted[:, -1:], ((0, 0), (1, 0))))
    tpr, fpr = rates
    left, right = fpr[:, :-1], fpr[:, 1:]
    width = right - left
    kept = np.clip(highest - left, 0, width)  # of a segment that crosses the limit only its part counts
    slope = np.divide(np.diff(tpr, axis=1), width, out=np.zeros_like(width), where=width > 0)
    area: Floats = np.sum(kept * (tpr[:, :-1] + slope * kept / 2), axis=1)
    return area


def compare_partial(
    labels: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    name: str,
    rng: np.random.Generator,
    specificity: float = 0.9,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> Difference:
    """Return the bootstrap test of standardised partial areas on complete pairs, stratified by label.

    Arguments and errors as `partial_auroc`; both views share their resamples.
    """
    truth, views, _ = complete_cases(labels, first, second, name=name)
    highest = 1 - specificity
    one, other = (_partial(truth, view, highest).standardised for view in views)
    drawn = _resampled(truth, views, highest, rng, resamples)
    se = float(drawn.std(ddof=1))
    z, p, reason = resampled_test(one - other, se)
    return Difference(one, other, one - other, se, percentile(drawn, STRATIFIED, level), z, p, reason)


def _resampled(
    truth: Bools, views: tuple[Floats, ...], highest: float, rng: np.random.Generator, resamples: int
) -> Floats:
    """Return the differences of standardised areas over the resamples."""
    ordered = [_sorted(view) for view in views]
    found = []
    for size in blocks(resamples, truth.size, _BLOCK):
        weights = draw_weights(rng, truth, size)
        areas = [_areas(truth[order], last, weights[:, order], highest) for order, last in ordered]
        found.append((areas[0] - areas[1]) / (2 * (highest - highest**2 / 2)))
    return np.concatenate(found)
