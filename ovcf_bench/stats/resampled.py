"""What cross-validation alone can say: the corrected resampled t, and where the spread comes from.

Source: Nadeau & Bengio, Machine Learning 2003;52:239-281, eq. 9. Components of variance: one-way analysis of
variance by the method of moments (Searle, Casella & McCulloch, Variance Components, 1992, section 3.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from ovcf_bench.stats.cases import Floats
from ovcf_bench.stats.intervals import Interval

NADEAU_BENGIO = "corrected resampled t (Nadeau & Bengio 2003)"


@dataclass(frozen=True, slots=True)
class ResampledT:
    """The mean over all folds and repeats against 0."""

    mean: float
    se: float
    df: int
    t: float | None
    p: float | None
    interval: Interval
    reason: str


@dataclass(frozen=True, slots=True)
class Components:
    """Standard deviations between folds, and between repeated trainings of a fold (None: one training each)."""

    sd_folds: float | None
    sd_repeats: float | None
    reason: str


def corrected_t(differences: npt.ArrayLike, *, level: float = 0.95) -> ResampledT:
    """Return the test of (repeats, folds) differences; folds, at least 2, share training patients.

    The ratio of test to training size is 1 / (folds - 1). Source: Nadeau & Bengio 2003, eq. 9.
    """
    values = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    mean, df = float(values.mean()), values.size - 1
    se = math.sqrt((1 / values.size + 1 / (values.shape[1] - 1)) * float(values.var(ddof=1)))
    reach = float(student.ppf(0.5 + level / 2, df)) * se
    interval = Interval(mean - reach, mean + reach, NADEAU_BENGIO, level)
    if se == 0:
        return ResampledT(mean, se, df, None, None, interval, "the folds do not differ: no test is defined")
    t = mean / se
    return ResampledT(mean, se, df, t, float(2 * student.sf(abs(t), df)), interval, "")


def split_variance(values: npt.ArrayLike) -> Components:
    """Return how much of the spread of (repeats, folds) values lies between folds and between repeats."""
    table: Floats = np.atleast_2d(np.asarray(values, dtype=np.float64))
    repeats = len(table)
    if repeats == 1:
        return Components(float(table.std(ddof=1)), None, "every fold was trained once")
    within = float(table.var(axis=0, ddof=1).mean())
    between = float(table.mean(axis=0).var(ddof=1)) - within / repeats
    note = "the estimate between folds is negative and set to 0" if between < 0 else ""
    return Components(math.sqrt(max(between, 0.0)), math.sqrt(within), note)
