"""Brier score, Spiegelhalter's test, expected calibration error, and the paired difference of Brier scores.

Sources: Brier, Monthly Weather Review 1950;78:1-3; Spiegelhalter, Statistics in Medicine 1986;5:421-433; Naeini,
Cooper & Hauskrecht, AAAI 2015 (expected calibration error in equal-width bins).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Bools, Floats, number_clusters
from ovcf_bench.stats.intervals import Difference, Estimated, symmetric_interval, two_sided_p
from ovcf_bench.stats.ratios import clustered_difference

BINS = 10
FROM_CASES = "normal, from the cases' squared errors"


@dataclass(frozen=True, slots=True)
class Spiegelhalter:
    """Test that the outcomes agree with the probabilities; None when every probability is 0, .5 or 1."""

    z: float | None
    p: float | None


def brier_score(
    labels: Bools,
    probabilities: Floats,
    *,
    weights: Floats | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimated:
    """Return the mean squared error of the probabilities of complete cases.

    weights : (n,) with mean 1; clusters : (n,) patients.
    """
    weigh = np.ones(labels.size) if weights is None else weights
    errors = weigh * (probabilities - labels) ** 2
    value = float(errors.mean())
    centred = errors - value
    if weights is not None:
        # A declared prevalence fixes the shares of the classes: only what varies within a class is left.
        for each in (labels, ~labels):
            centred[each] = errors[each] - errors[each].mean()
    sums = np.bincount(number_clusters(clusters, labels.size), weights=centred)
    if sums.size < 2:
        return Estimated(value, None, "a variance needs two patients")
    se = math.sqrt(sums.size / (sums.size - 1) * float(np.sum(sums**2))) / labels.size
    interval = symmetric_interval(value, se, FROM_CASES, level)
    # A mean of squares is never below 0, though a normal limit may be.
    return Estimated(value, replace(interval, low=max(0.0, interval.low)), se=se)


def spiegelhalter(labels: Bools, probabilities: Floats) -> Spiegelhalter:
    """Return the test of independent complete cases; labels, probabilities : (n,). Source: Spiegelhalter 1986."""
    lean = 1 - 2 * probabilities
    variance = float(np.sum(lean**2 * probabilities * (1 - probabilities)))
    # Spiegelhalter's statistic gives 0, .5 and 1 no weight: of such scores alone there is nothing to test.
    if variance == 0:
        return Spiegelhalter(None, None)
    z = float(np.sum((labels - probabilities) * lean)) / math.sqrt(variance)
    return Spiegelhalter(z, two_sided_p(z))


def expected_calibration_error(labels: Bools, probabilities: Floats, weights: Floats) -> float:
    """Return the mean distance between outcome and probability over ten equal-width bins, weighted by cases.

    weights : (n,) counts of a resample or weights of a prevalence.
    """
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    distance = np.bincount(bins, weights=weights * (labels - probabilities), minlength=BINS)
    return float(np.abs(distance).sum() / weights.sum())


def compare_brier(
    labels: Bools, first: Floats, second: Floats, *, clusters: npt.ArrayLike | None = None, level: float = 0.95
) -> Difference:
    """Return the difference of the Brier scores of two arms on the same complete cases."""
    ones = np.ones(labels.size)
    errors = [(each - labels) ** 2 for each in (first, second)]
    return clustered_difference((errors[0], ones), (errors[1], ones), clusters, level=level)
