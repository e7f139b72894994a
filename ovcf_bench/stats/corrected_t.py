"""What cross-validation alone can say: the corrected resampled t, and where the spread comes from.

Source: Nadeau & Bengio, Machine Learning 2003;52:239-281, eq. 9. Components of variance: one-way analysis of
variance by the method of moments (Searle, Casella & McCulloch, Variance Components, 1992, section 3.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_bench.errors import Problem, StatisticsError
from ovcf_bench.stats.cases import Floats
from ovcf_bench.stats.intervals import Interval, symmetric_interval, two_sided_p

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
    """Standard deviations due to the sampled cases of a fold, to the folds, and to repeated trainings (seeds).

    sd_repeats is None when every fold was trained once; what seeds add is then part of sd_folds.
    """

    sd_cases: float
    sd_folds: float
    sd_repeats: float | None
    reason: str


def corrected_t(differences: npt.ArrayLike, *, level: float = 0.95) -> ResampledT:
    """Return the test of (repeats, folds) differences; folds, at least 2, share training patients.

    The ratio of test to training size is 1 / (folds - 1). Source: Nadeau & Bengio 2003, eq. 9. Raises
    StatisticsError for one fold, and for a difference that is missing.
    """
    values = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    if values.shape[1] < 2 or not np.isfinite(values).all():
        found = f"{values.shape[1]} folds, {int((~np.isfinite(values)).sum())} differences missing"
        raise StatisticsError(Problem("corrected resampled t", found, "Allowed: two folds or more, all finished."))
    mean, df = float(values.mean()), values.size - 1
    # The second term is the correction: training sets of two folds overlap, so their results correlate (eq. 9).
    se = math.sqrt((1 / values.size + 1 / (values.shape[1] - 1)) * float(values.var(ddof=1)))
    interval = symmetric_interval(mean, se, NADEAU_BENGIO, level, df=df)
    if se == 0:
        return ResampledT(mean, se, df, None, None, interval, "the folds do not differ: no test is defined")
    t = mean / se
    return ResampledT(mean, se, df, t, two_sided_p(t, df), interval, "")


def split_variance(values: npt.ArrayLike, case_variance: float) -> Components:
    """Return where the spread of (repeats, folds) values comes from.

    case_variance : mean of the variances that each value has from its own cases (DeLong's). Cases and folds change
    together from fold to fold, so what the folds add is the rest of the variance between them.
    """
    table: Floats = np.atleast_2d(np.asarray(values, dtype=np.float64))
    repeats = len(table)
    within = float(table.var(axis=0, ddof=1).mean()) if repeats > 1 else 0.0
    between = float(table.mean(axis=0).var(ddof=1)) - within / repeats - case_variance
    notes = ["every fold was trained once"] if repeats == 1 else []
    # Method of moments: an estimate of a variance may fall below 0, and is then taken for 0.
    notes += ["the folds add nothing to what their cases explain"] if between < 0 else []
    return Components(
        sd_cases=math.sqrt(case_variance),
        sd_folds=math.sqrt(max(between, 0.0)),
        sd_repeats=math.sqrt(within) if repeats > 1 else None,
        reason="; ".join(notes),
    )
