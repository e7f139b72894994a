"""Shares and their differences when a patient stands behind several cases: the ratio estimator.

Sources: Cochran, Sampling Techniques, 3rd ed. 1977, section 6.3; Rao & Scott, Biometrics 1992;48:577-585.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ovcf_bench.stats.cases import Floats, number_clusters
from ovcf_bench.stats.intervals import Difference, Estimated, logit_delong_interval, symmetric_interval, two_sided_p

BY_PATIENT = "ratio estimator, clustered by patient"
_NO_VARIANCE = 1e-30  # of shares of order 1, a variance of their rounding errors stays below this


def clustered_ratio(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    empty: str = "nothing to count",
    level: float = 0.95,
) -> Estimated:
    """Return the sum of the numerators over that of the denominators, its interval symmetric on the logit scale.

    numerator, denominator : (n,) of each case; clusters : (n,) its patient. A ratio of 0 or 1 has no interval.
    """
    over, under = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    numbers = number_clusters(clusters, over.size)
    size = int(numbers.max()) + 1 if numbers.size else 0
    if under.sum() == 0:
        return Estimated(None, None, empty)
    value = float(over.sum() / under.sum())
    variance = _variance(_residuals(over, under, numbers, size))
    if variance is None:
        return Estimated(value, None, "a variance needs two patients")
    se = math.sqrt(variance)
    # The logit of 0 or 1 is infinite, and the linear interval has no width.
    if not 0 < value < 1:
        return Estimated(value, None, "no clustered interval at a share of 0 or 1", se)
    if variance <= _NO_VARIANCE:
        return Estimated(value, None, "the share has no variance over the patients", 0.0)
    # On the logit scale: Wald's limits would leave 0 to 1 for the shares near 1 that networks reach.
    return Estimated(value, logit_delong_interval(value, variance, level=level, method=BY_PATIENT), se=se)


def clustered_difference(
    first: tuple[npt.ArrayLike, npt.ArrayLike],
    second: tuple[npt.ArrayLike, npt.ArrayLike],
    clusters: npt.ArrayLike | None,
    *,
    level: float = 0.95,
) -> Difference:
    """Return the difference of two ratios of the same cases with Wald's test.

    first, second : numerator and denominator, (n,) each; clusters : (n,) the patient of each case; None: the
    cases are independent.
    """
    numbers = number_clusters(clusters, np.size(first[0]))
    size = int(numbers.max()) + 1
    parts, values = [], []
    for over, under in (first, second):
        top, bottom = np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64)
        if bottom.sum() == 0:
            return Difference(*(None,) * 7, "one of the shares has nothing to count")
        values.append(float(top.sum() / bottom.sum()))
        parts.append(_residuals(top, bottom, numbers, size))
    one, other = values
    variance = _variance(parts[0] - parts[1])
    known = Difference(one, other, one - other, None, None, None, None, "a variance needs two patients")
    if variance is None:
        return known
    # Two arms that call every case alike: p is 1, and not the NaN of 0/0.
    if variance <= _NO_VARIANCE and math.isclose(one, other, rel_tol=1e-12):
        return replace(known, se=0.0, z=0.0, p=1.0, reason="")
    if variance <= _NO_VARIANCE:
        return replace(known, se=0.0, reason="the difference has no variance over the patients")
    se = math.sqrt(variance)
    interval = symmetric_interval(one - other, se, BY_PATIENT, level)
    z = (one - other) / se
    return replace(known, se=se, interval=interval, z=z, p=two_sided_p(z), reason="")


def _residuals(numerator: Floats, denominator: Floats, clusters: npt.NDArray[np.int64], size: int) -> Floats:
    """Return each patient's influence on the ratio (linearised)."""
    total = float(denominator.sum())
    influence = (numerator - numerator.sum() / total * denominator) / total
    return np.bincount(clusters, weights=influence, minlength=size).astype(np.float64)


def _variance(influence: Floats) -> float | None:
    size = influence.size
    return float(size / (size - 1) * np.sum(influence**2)) if size > 1 else None
