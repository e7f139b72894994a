"""Does a difference of AUROCs differ between independent groups of patients?

Two groups: difference of differences with z; more: Wald's chi-square for homogeneity (Cochran, Biometrics
1954;10:101-129, the Q statistic with inverse-variance weights).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from ovcf_bench.stats.intervals import Interval, symmetric_interval, two_sided_p

WALD = "difference of differences, Wald"


@dataclass(frozen=True, slots=True)
class InteractionTest:
    """difference, se, interval, z: first group minus second, for two groups only; p: of z, or of the chi-square."""

    difference: float | None
    se: float | None
    interval: Interval | None
    z: float | None
    chi2: float | None
    df: int | None
    p: float | None
    reason: str


def compare_groups(differences: Sequence[float], variances: Sequence[float], *, level: float = 0.95) -> InteractionTest:
    """Return the test that the true differences of k independent groups are equal.

    differences, variances : (k,), k at least 2. A group without variance leaves the test undefined.
    """
    if len(differences) < 2:
        return InteractionTest(*(None,) * 7, "fewer than two groups can be compared")
    # A weight of 1/0 would let one small subgroup decide for all.
    if min(variances) <= 0:
        return InteractionTest(*(None,) * 7, "the difference has no variance in a group: the test is not defined")
    effects, weights = np.asarray(differences), 1 / np.asarray(variances)
    statistic = float(np.sum(weights * (effects - np.average(effects, weights=weights)) ** 2))
    df = len(differences) - 1
    if df > 1:
        return InteractionTest(None, None, None, None, statistic, df, float(chi2.sf(statistic, df)), "")
    # The groups hold different patients: their variances add up, without a covariance.
    difference, se = float(effects[0] - effects[1]), math.sqrt(sum(variances))
    return InteractionTest(
        difference=difference,
        se=se,
        interval=symmetric_interval(difference, se, WALD, level),
        z=difference / se,
        chi2=statistic,
        df=df,
        p=two_sided_p(difference / se),
        reason="",
    )
