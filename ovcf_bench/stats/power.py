"""Power and sample size of a comparison of two correlated AUROCs, for the test that is used.

The test is DeLong's for a difference and MOVER's limits on logit-DeLong for a margin. Estimates are taken as normal
on the logit scale with their exact binormal moments, and the test is made at every point of a fine grid of them with
the standard errors that belong there. Model: Obuchowski & McClish, Statistics in Medicine 1997;16:1529-1542.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit, ndtri

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.binormal import auroc_covariance, auroc_variance, delong_variance
from ovcf_bench.stats.cases import Floats
from ovcf_bench.stats.intervals import FEWEST_PER_CLASS, mover_reach, normal_quantile
from ovcf_bench.vocabulary import Claim

_GRID = 300  # points in each direction
_MOST = 1_000_000  # positives beyond which a design is called impossible


@dataclass(frozen=True, slots=True)
class Design:
    """A planned comparison of first minus second.

    correlation : of the two views' scores within a class, in (-1, 1); margin : above 0, for the claims that need one.
    """

    auroc_first: float
    auroc_second: float
    correlation: float
    positives: int
    negatives: int
    claim: Claim = "difference"
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class SampleSize:
    """The smallest sizes that reach the power; None, with the reason, when none does."""

    positives: int | None
    negatives: int | None
    power: float | None
    reason: str


def check_design(design: Design) -> None:
    """Raise StatisticsError with everything that is wrong with a design."""
    problems = []
    for name, value in (("first AUROC", design.auroc_first), ("second AUROC", design.auroc_second)):
        if not 0.5 <= value < 1:
            problems.append(Problem(name, f"{value:g} cannot be planned for", "Allowed: 0.5 up to, but not, 1."))
    if not -1 < design.correlation < 1:
        problems.append(Problem("correlation", f"{design.correlation:g}", "Allowed: between -1 and 1."))
    if min(design.positives, design.negatives) < FEWEST_PER_CLASS:
        found = f"{design.positives} positive and {design.negatives} negative cases"
        problems.append(Problem("cases", found, f"The approximation needs {FEWEST_PER_CLASS} of each class."))
    if (design.claim == "difference") != (design.margin is None):
        found = "a difference has no margin" if design.margin is not None else f"{design.claim} needs a margin"
        problems.append(Problem("margin", found, "Give a margin for noninferiority and equivalence only."))
    elif design.margin is not None and not 0 < design.margin < 1:
        problems.append(Problem("margin", f"{design.margin:g}", "Allowed: between 0 and 1."))
    if problems:
        raise StatisticsError(*problems)


def power(design: Design) -> float:
    """Return the probability that the test shows the claim. Raises StatisticsError for an impossible design."""
    check_design(design)
    sizes = design.positives, design.negatives
    truth = np.array([design.auroc_first, design.auroc_second])
    variances = auroc_variance(truth, *sizes)
    joint = float(auroc_covariance(truth[0], truth[1], design.correlation, *sizes))
    r = joint / math.sqrt(float(np.prod(variances)))
    shown = _shown(design, *_grid(truth, variances, r), r)
    return float(np.sum(shown / shown.size))


def _grid(truth: Floats, variances: Floats, r: float) -> tuple[Floats, Floats]:
    """Return estimates of both AUROCs over equal shares of both normals: every pair is as probable."""
    steps = ndtri((np.arange(_GRID) + 0.5) / _GRID)
    # Along sum and difference, so that exchanging the views exchanges the points and nothing else.
    plus, minus = np.meshgrid(math.sqrt((1 + r) / 2) * steps, math.sqrt(max(0.0, (1 - r) / 2)) * steps)
    spread = np.sqrt(variances) / (truth * (1 - truth))
    # The mean of a logit lies beyond the logit of the mean: second-order term of the delta method.
    centre = logit(truth) + (2 * truth - 1) / 2 * spread**2
    return expit(centre[0] + spread[0] * (plus + minus)), expit(centre[1] + spread[1] * (plus - minus))


def _shown(design: Design, first: Floats, second: Floats, r: float) -> Floats:
    """Return 1 where these estimates would show the claim, with the standard errors that go with them."""
    sizes = design.positives, design.negatives
    errors = [np.sqrt(delong_variance(np.clip(each, 1e-9, 1 - 1e-9), *sizes)) for each in (first, second)]
    if design.claim == "difference":
        se = np.sqrt(errors[0] ** 2 + errors[1] ** 2 - 2 * r * errors[0] * errors[1])
        shown: Floats = (np.abs(first - second) > normal_quantile(0.95) * se).astype(np.float64)
        return shown
    margin, both = design.margin or 0.0, design.claim == "equivalence"
    low, high = _mover(first, second, errors, r, 0.90 if both else 0.95)
    inside = (low > -margin) & (high < margin) if both else low > -margin
    return inside.astype(np.float64)


def _mover(first: Floats, second: Floats, errors: Sequence[Floats], r: float, level: float) -> tuple[Floats, Floats]:
    """Return the limits of `intervals.mover_interval` for arrays of estimates."""
    reaches = []
    for auroc, error in zip((first, second), errors, strict=True):
        half = normal_quantile(level) * error / (auroc * (1 - auroc))
        reaches.append((auroc - expit(logit(auroc) - half), expit(logit(auroc) + half) - auroc))
    (down_a, up_a), (down_b, up_b) = reaches
    return first - second - mover_reach(down_a, up_b, r), first - second + mover_reach(up_a, down_b, r)


def sample_size(design: Design, wanted: float, *, ratio: float = 1.0) -> SampleSize:
    """Return the fewest positives with `ratio` negatives for each that reach the wanted power.

    The sizes of `design` are not looked at. None when the truth contradicts the claim.
    """
    check_design(replace(design, positives=FEWEST_PER_CLASS, negatives=FEWEST_PER_CLASS))
    loss = design.auroc_second - design.auroc_first
    margin = design.margin or 0.0
    if design.claim == "difference" and loss == 0:
        return SampleSize(None, None, None, "the AUROCs are equal: there is no difference to find")
    if (design.claim == "noninferiority" and loss >= margin) or (design.claim == "equivalence" and abs(loss) >= margin):
        return SampleSize(None, None, None, "the true difference lies at or beyond the margin")

    def reached(positives: int) -> float:
        return power(replace(design, positives=positives, negatives=round(ratio * positives)))

    low = max(FEWEST_PER_CLASS, math.ceil(FEWEST_PER_CLASS / ratio))
    high = low
    while reached(high) < wanted:
        low, high = high, 2 * high
        if high > _MOST:
            return SampleSize(None, None, None, f"more than {_MOST:,} positives would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= wanted else (middle, high)
    return SampleSize(high, round(ratio * high), reached(high), "")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The power of a design at one size."""

    patients: int
    positives: int
    negatives: int
    power: float


def power_curve(design: Design, shares: Sequence[float]) -> tuple[CurvePoint, ...]:
    """Return the power at these shares of the design's sizes; sizes too small for the approximation are left out."""
    sizes = sorted({(round(share * design.positives), round(share * design.negatives)) for share in shares})
    return tuple(
        CurvePoint(m + n, m, n, power(replace(design, positives=m, negatives=n)))
        for m, n in sizes
        if min(m, n) >= FEWEST_PER_CLASS
    )


def detectable_from_se(se: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Return the true difference that a two-sided test of this standard error finds with this power.

    It depends on the spread of the scores and not on the difference that was seen: it is no observed power.
    """
    return (normal_quantile(level) + float(ndtri(power))) * se
