"""Calibration of probabilities: slope and intercept, and the calibration curve's mean distance (ICI).

Sources: Cox, Biometrika 1958;45:562-565 (slope and intercept); Austin & Steyerberg, Statistics in Medicine
2019;38:4051-4065 (ICI). Logistic regressions through statsmodels.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from scipy.special import logit
from statsmodels.nonparametric.smoothers_lowess import lowess
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from ovcf_bench.stats.cases import Bools, Floats, number_clusters
from ovcf_bench.stats.intervals import Estimated, symmetric_interval

WALD = "logistic, Wald"
BY_PATIENT = "logistic, robust by patient"
SEPARATED = "the probabilities separate the classes: no logistic calibration exists"
NO_SOLUTION = "the logistic regression has no usable solution (probabilities of 0 or 1, or separated classes)"
CONSTANT = "every case has the same probability: a slope does not exist"
_CLIP = 1e-12  # a probability of exactly 0 or 1 has no logit
_CURVE = 41  # points of the smoothed curve; it is straight between them
_LOWESS_SHARE = 0.75  # of the cases in each local fit, as the loess of the source


@dataclass(frozen=True, slots=True)
class LogisticCalibration:
    """slope and joint: of logit P(y) = joint + slope logit(p); intercept: the same with the slope held at 1."""

    slope: Estimated
    joint: Estimated
    intercept: Estimated


def calibrate(
    labels: Bools,
    probabilities: Floats,
    *,
    weights: Floats | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> LogisticCalibration:
    """Return the logistic calibration of complete cases.

    labels, probabilities : (n,); weights : (n,) that bring the cases to another prevalence, as offset of the
    intercept; clusters : (n,) patients, for standard errors that are robust by patient.
    """
    linear = logit(np.clip(probabilities, _CLIP, 1 - _CLIP))
    truth = labels.astype(np.float64)
    ones = np.ones((truth.size, 1))
    shift = _fit(truth, ones, linear, weights, clusters)
    intercept = _coefficient(shift, 0, clusters, level)
    if np.ptp(probabilities) == 0:
        nothing = Estimated(None, None, CONSTANT)
        return LogisticCalibration(nothing, nothing, intercept)
    if linear[labels].min() >= linear[~labels].max() or linear[labels].max() <= linear[~labels].min():
        nothing = Estimated(None, None, SEPARATED)
        return LogisticCalibration(nothing, nothing, intercept)
    both = _fit(truth, np.column_stack([ones, linear]), None, weights, clusters)
    return LogisticCalibration(
        _coefficient(both, 1, clusters, level), _coefficient(both, 0, clusters, level), intercept
    )


_Fitted = tuple[Floats, Floats] | None


def _fit(
    truth: Floats, design: Floats, offset: Floats | None, weights: Floats | None, clusters: npt.ArrayLike | None
) -> _Fitted:
    """Return coefficients and standard errors, or None when the regression has no finite solution."""
    centre, spread = design.mean(axis=0), design.std(axis=0)
    centre[spread == 0], spread[spread == 0] = 0.0, 1.0  # the constant stays as it is
    scaled = (design - centre) / spread  # logits of probabilities near 0 and 1 would overflow
    model = sm.GLM(truth, scaled, family=sm.families.Binomial(), offset=offset, var_weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # whatever statsmodels warns of leaves no solution to report
        try:
            fitted = model.fit(tol=1e-12)
        except (Warning, PerfectSeparationError, np.linalg.LinAlgError):
            return None
    coefficients = np.asarray(fitted.params) / spread
    coefficients[0] -= float(np.sum(coefficients * centre))
    expected = np.asarray(fitted.mu)
    weigh = np.ones(truth.size) if weights is None else weights
    bread = np.linalg.inv(design.T @ (design * (weigh * expected * (1 - expected))[:, None]))
    covariance = bread
    if weights is not None or clusters is not None:
        # Weights of a prevalence are no counts, and cases of a patient are no more than one: a sandwich by patient.
        scores = design * (weigh * (truth - expected))[:, None]
        if weights is not None:
            # A declared prevalence fixes the shares of the classes: only what varies within a class is left.
            for each in (truth == 0, truth == 1):
                scores[each] -= scores[each].mean(axis=0)
        groups = number_clusters(clusters, truth.size)
        sums = np.stack([np.bincount(groups, weights=column) for column in scores.T])
        size = sums.shape[1]
        if size < 2:
            return coefficients, np.full(coefficients.size, np.nan)
        covariance = bread @ (size / (size - 1) * sums @ sums.T) @ bread
    return coefficients, np.sqrt(np.diag(covariance))


def _coefficient(fitted: _Fitted, at: int, clusters: npt.ArrayLike | None, level: float) -> Estimated:
    if fitted is None or not np.isfinite(fitted[0][at]):
        return Estimated(None, None, NO_SOLUTION)
    value, se = float(fitted[0][at]), float(fitted[1][at])
    if not np.isfinite(se):
        return Estimated(value, None, "a variance needs two patients")
    method = WALD if clusters is None else BY_PATIENT
    return Estimated(value, symmetric_interval(value, se, method, level), se=se)


def smooth_outcome(labels: Bools, probabilities: Floats) -> tuple[Floats, Floats] | None:
    """Return probabilities, rising, and the share of positives there (lowess); None where no curve can be drawn."""
    if np.ptp(probabilities) == 0:
        return None
    grid = np.unique(np.quantile(probabilities, np.linspace(0, 1, _CURVE)))
    with np.errstate(all="ignore"):  # a local fit through too few different points gives NaN
        smooth = lowess(labels.astype(np.float64), probabilities, frac=_LOWESS_SHARE, it=0, xvals=grid)
    return (grid, np.clip(smooth, 0, 1)) if np.isfinite(smooth).all() else None


def ici(labels: Bools, probabilities: Floats, weights: Floats) -> float | None:
    """Return the mean distance between probabilities and the smoothed outcome; None where no curve can be drawn.

    weights : (n,) weights of a prevalence, the same for all cases of a class. Source: Austin & Steyerberg 2019.
    """
    distances = _distances(labels, probabilities, weights)
    return None if distances is None else float(np.average(distances, weights=weights))


def _distances(labels: Bools, probabilities: Floats, weights: Floats) -> Floats | None:
    curve = smooth_outcome(labels, probabilities)
    if curve is None:
        return None
    observed = np.interp(probabilities, *curve)
    # The curve is that of the cases as sampled: at another prevalence the odds at every probability move alike.
    up, down = (float(weights[each].mean()) if each.any() else 1.0 for each in (labels, ~labels))
    observed = up * observed / (up * observed + down * (1 - observed))
    return np.abs(observed - probabilities)
