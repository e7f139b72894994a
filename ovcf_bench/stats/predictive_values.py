"""Paired predictive values: relative PPV and NPV, and the weighted generalized score test.

Sources: Moskowitz & Pepe, Clinical Trials 2006;3:272-279, eq. 3-6; Kosinski, Statistics in Medicine
2013;32:964-977.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from ovcf_bench.stats.cases import Bools
from ovcf_bench.stats.intervals import Interval, normal_quantile, two_sided_p

MOSKOWITZ_PEPE = "Moskowitz & Pepe 2006"


@dataclass(frozen=True, slots=True)
class PairedPredictiveValue:
    """Predictive value of two tests of the same cases, their ratio first / second, and two tests of equality.

    z, p, interval (of the ratio): Moskowitz & Pepe; chi2, score_p: Kosinski's weighted generalized score.
    """

    first: float | None
    second: float | None
    ratio: float | None
    log_se: float | None
    interval: Interval | None
    z: float | None
    p: float | None
    chi2: float | None
    score_p: float | None
    reason: str


def compare_ppv(
    labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95
) -> PairedPredictiveValue:
    """Return the comparison of positive predictive values; labels, first, second : (n,) truth values."""
    truth, a, b = (np.asarray(each, dtype=np.bool_) for each in (labels, first, second))
    return _compare(truth, a, b, "positive", level)


def compare_npv(
    labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95
) -> PairedPredictiveValue:
    """Return the comparison of negative predictive values: that of PPV with truth and calls reversed."""
    truth, a, b = (~np.asarray(each, dtype=np.bool_) for each in (labels, first, second))
    return _compare(truth, a, b, "negative", level)


def _compare(truth: Bools, a: Bools, b: Bools, word: str, level: float) -> PairedPredictiveValue:
    first, second = (float(truth[called].mean()) if called.any() else None for called in (a, b))
    if first is None or second is None:
        return PairedPredictiveValue(first, second, *(None,) * 7, f"one of the arms calls no case {word}")
    if 0.0 in (first, second):
        reason = f"no {word} call of one arm is right: the ratio is not defined"
        return PairedPredictiveValue(first, second, *(None,) * 7, reason)
    ratio = first / second
    statistic, score_p = _score_test(truth, a, b)
    # Influence of each case on log PPV of either test; n cancels.
    influence = (a * (truth - first)) / (a.sum() * first) - (b * (truth - second)) / (b.sum() * second)
    log_se = math.sqrt(float(np.sum(influence**2)))
    if log_se == 0:
        same = ratio == 1
        p = 1.0 if same else None
        reason = "" if same else "the ratio has no variance"
        return PairedPredictiveValue(first, second, ratio, 0.0, None, 0.0 if same else None, p, 0.0, p, reason)
    z = math.log(ratio) / log_se
    reach = normal_quantile(level) * log_se
    interval = Interval(ratio * math.exp(-reach), ratio * math.exp(reach), MOSKOWITZ_PEPE, level)
    return PairedPredictiveValue(first, second, ratio, log_se, interval, z, two_sided_p(z), statistic, score_p, "")


def _score_test(truth: Bools, a: Bools, b: Bools) -> tuple[float | None, float | None]:
    """Return Kosinski's statistic with one degree of freedom, and its p; None where it is not defined."""
    calls_a, calls_b = int(a.sum()), int(b.sum())
    both = int(np.count_nonzero(a & b))
    right_both = int(np.count_nonzero(a & b & truth))
    first, second = float(truth[a].mean()), float(truth[b].mean())
    pooled = (first * calls_a + second * calls_b) / (calls_a + calls_b)
    # Kosinski 2013, eq. 7: the covariance of the two predictive values under the null.
    joint = (right_both * (1 - pooled) ** 2 + (both - right_both) * pooled**2) / (calls_a + calls_b)
    spread = (pooled * (1 - pooled) - 2 * joint) * (1 / calls_a + 1 / calls_b)
    if spread <= 0:
        return None, None
    statistic = (first - second) ** 2 / spread
    return statistic, float(chi2.sf(statistic, 1))
