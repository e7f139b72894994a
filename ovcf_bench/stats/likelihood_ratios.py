"""Likelihood ratios, and predictive values at a declared prevalence, from the counts at one threshold.

Sources: Simel, Samsa & Matchar, Journal of Clinical Epidemiology 1991;44:763-770 (log method); Mercaldo, Lau &
Zhou, Statistics in Medicine 2007;26:2170-2183 (logit intervals at a known prevalence).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Floats, check_prevalence
from ovcf_bench.stats.intervals import Estimated, Interval, logit_interval, normal_quantile
from ovcf_bench.stats.operating_point import Confusion

LOG_METHOD = "log method (Simel 1991)"
MERCALDO = "logit at a known prevalence (Mercaldo 2007)"
NO_CELL = "a count is 0"


def likelihood_ratios(counts: Confusion, *, level: float = 0.95) -> tuple[Estimated, Estimated]:
    """Return LR+ and LR- with intervals. A ratio whose denominator is 0 is None."""
    positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
    return (
        _ratio(counts.tp, positives, counts.fp, negatives, level),
        _ratio(counts.fn, positives, counts.tn, negatives, level),
    )


def _ratio(top: int, positives: int, bottom: int, negatives: int, level: float) -> Estimated:
    if bottom == 0:
        return Estimated(None, None, f"{NO_CELL}: the ratio has no bound")
    ratio = (top / positives) / (bottom / negatives)
    if top == 0:
        return Estimated(0.0, None, f"{NO_CELL}: the log method has no interval")
    if top == positives and bottom == negatives:
        return Estimated(ratio, None, "every case is called alike: the ratio is 1 by definition")
    reach = normal_quantile(level) * math.sqrt(1 / top - 1 / positives + 1 / bottom - 1 / negatives)
    return Estimated(ratio, Interval(ratio * math.exp(-reach), ratio * math.exp(reach), LOG_METHOD, level))


def predictive_values_at(counts: Confusion, prevalence: float, *, level: float = 0.95) -> tuple[Estimated, Estimated]:
    """Return PPV and NPV at a prevalence taken as known. Source: Mercaldo 2007, eq. 5-8.

    Raises StatisticsError unless the prevalence lies between 0 and 1.
    """
    check_prevalence(prevalence)
    positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
    # The four shares of all cases, each from its own count, so that no difference of near-equal numbers is taken.
    tp, fn = (count / positives * prevalence for count in (counts.tp, counts.fn))
    fp, tn = (count / negatives * (1 - prevalence) for count in (counts.fp, counts.tn))
    ppv = _at(tp, tp + fp, counts.tp, counts.fp, positives, negatives, level)
    npv = _at(tn, tn + fn, counts.tn, counts.fn, negatives, positives, level)
    return ppv, npv


def _at(right: float, called: float, own: int, other: int, own_size: int, other_size: int, level: float) -> Estimated:
    """Return right / called; `own` of the class meant were called right, `other` of the other class wrongly."""
    if called == 0:
        return Estimated(None, None, "no case is called so")
    value = right / called
    if 0 in (own, other):
        return Estimated(value, None, f"{NO_CELL}: the logit has no interval")
    # logit PPV = logit prevalence + log LR+, whose two parts are independent.
    spread = (1 - own / own_size) / own + (1 - other / other_size) / other
    reach = normal_quantile(level) * math.sqrt(spread)
    return Estimated(value, logit_interval(value, reach, MERCALDO, level))


def case_weights(labels: npt.ArrayLike, prevalence: float | None) -> Floats:
    """Return weights (n,) with mean 1 under which the cases have the prevalence; None: all are 1."""
    truth = np.asarray(labels, dtype=np.bool_)
    if prevalence is None:
        return np.ones(truth.size)
    share, prevalence = float(truth.mean()), check_prevalence(prevalence)
    weights: Floats = np.where(truth, prevalence / share, (1 - prevalence) / (1 - share))
    return weights
