"""Exact moments of AUROC estimates when scores are normal with equal variance in both classes.

Two scores of one case are correlated within each class, positives and negatives alike. Sources: Hanley & McNeil,
Radiology 1982;143:29-36, eq. 1 (variance from the probabilities of joint wins); Obuchowski & McClish, Statistics in
Medicine 1997;16:1529-1542 (the model); bivariate normal by Owen's T, Annals of Mathematical Statistics 1956;27:1075.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, owens_t

from ovcf_bench.stats.cases import Floats


def auroc_variance(auroc: npt.ArrayLike, positives: int, negatives: int) -> Floats:
    """Return the variance of the estimate; auroc : any shape, inside (0, 1)."""
    return auroc_covariance(auroc, auroc, 1.0, positives, negatives)


def auroc_covariance(
    first: npt.ArrayLike, second: npt.ArrayLike, correlation: float, positives: int, negatives: int
) -> Floats:
    """Return the covariance of the estimates of two views of the same cases.

    first, second : AUROCs of any common shape, inside (0, 1); correlation : of the two scores within a class.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    together = _both(a, b, correlation) - a * b  # the same positive against the same negative in both views
    shared = _both(a, b, correlation / 2) - a * b  # only one of the two cases is the same
    covariance: Floats = (together + (positives + negatives - 2) * shared) / (positives * negatives)
    return covariance


def delong_variance(auroc: npt.ArrayLike, positives: int, negatives: int) -> Floats:
    """Return the expectation of DeLong's estimate of the variance, a little above the variance itself.

    From the definition of the components: that of the positives is expected to be (A - Q)/n + (n - 1)/n (Q - A^2).
    """
    a = np.asarray(auroc, dtype=np.float64)
    joint = _both(a, a, 0.5)
    expected: Floats = (2 * (a - joint) + (positives + negatives - 2) * (joint - a**2)) / (positives * negatives)
    return expected


def _both(first: Floats, second: Floats, correlation: float) -> Floats:
    """Return the probability that two standard normals of this correlation stay below the AUROCs' quantiles."""
    if correlation >= 1:
        least: Floats = np.minimum(first, second)
        return least
    h, k = ndtri(first), ndtri(second)
    root = np.sqrt(1 - correlation**2)
    tails = _owen(h, k, correlation, root) + _owen(k, h, correlation, root)
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    joint: Floats = (ndtr(h) + ndtr(k)) / 2 - tails - np.where(opposite, 0.5, 0.0)
    return joint


def _owen(h: Floats, k: Floats, correlation: float, root: float) -> Floats:
    # At h = 0 the slope is infinite, T(0, inf) = 1/4 with the sign of k; at h = k = 0 its limit along h = k.
    with np.errstate(divide="ignore", invalid="ignore"):
        slope: Any = (k - correlation * h) / (h * root)
    part: Floats = owens_t(h, np.where(np.isnan(slope), (1 - correlation) / root, slope))
    return part
