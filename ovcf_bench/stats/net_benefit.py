"""Net benefit: true positives minus false positives weighed by the odds of the threshold probability.

Source: Vickers & Elkin, Medical Decision Making 2006;26:565-574.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Bools, Floats
from ovcf_bench.stats.intervals import Interval
from ovcf_bench.stats.ratios import clustered_difference


@dataclass(frozen=True, slots=True)
class NetBenefitCurve:
    """Net benefit at each threshold, of the model and of treating everybody; treating nobody has 0."""

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    treat_all: tuple[float, ...]


def net_benefit(labels: Bools, probabilities: Floats, thresholds: Sequence[float], weights: Floats) -> NetBenefitCurve:
    """Return the curve of complete cases.

    thresholds : in (0, 1), treated are probabilities at or above; weights : (n,) with mean 1, for a prevalence.
    """
    everybody = np.ones(labels.size)
    model, treat_all = [], []
    for threshold in thresholds:
        model.append(float(np.mean(weights * _gain(labels, probabilities, threshold))))
        treat_all.append(float(np.mean(weights * _gain(labels, everybody, threshold))))
    return NetBenefitCurve(tuple(thresholds), tuple(model), tuple(treat_all))


def _gain(labels: Bools, probabilities: Floats, threshold: float) -> Floats:
    """Return what each case contributes."""
    treated = (probabilities >= threshold).astype(np.float64)
    # Whoever treats from a risk of p on takes (1 - p)/p false alarms for one missed case (Vickers & Elkin 2006).
    gain: Floats = np.where(labels, 1.0, -threshold / (1 - threshold)) * treated
    return gain


def compare_net_benefit(
    labels: Bools,
    first: Floats,
    second: Floats,
    thresholds: Sequence[float],
    *,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[tuple[float, Interval | None], ...]:
    """Return, at each threshold, the difference first - second on the same complete cases, with its interval."""
    ones = np.ones(labels.size)
    found = []
    for threshold in thresholds:
        gains = [_gain(labels, each, threshold) for each in (first, second)]
        test = clustered_difference((gains[0], ones), (gains[1], ones), clusters, level=level)
        found.append((test.difference or 0.0, test.interval))
    return tuple(found)
