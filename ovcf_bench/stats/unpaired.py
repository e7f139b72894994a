"""The difference of two AUROCs of different patients.

Source: Robin et al., BMC Bioinformatics 2011;12:77 (the Welch-type degrees of freedom of pROC's unpaired test).
"""

from __future__ import annotations

import math

from ovcf_bench.stats.auroc import AurocEstimate
from ovcf_bench.stats.delong import AurocComparison, ComparisonStatus
from ovcf_bench.stats.intervals import Interval, mover_interval, symmetric_interval, two_sided_p

UNPAIRED = "unpaired DeLong, Welch-type degrees of freedom"


def compare_unpaired(first: AurocEstimate, second: AurocEstimate, *, level: float = 0.95) -> AurocComparison:
    """Return the test of two AUROCs of different patients; `z` is referred to Student's t. Source: Robin 2011."""
    difference = first.auroc - second.auroc
    df = welch_df(first, second)
    se = z = p = None
    status: ComparisonStatus = "single_case"
    reason = first.reason if first.variance is None else second.reason
    interval: Interval | None = None
    if first.variance is not None and second.variance is not None:
        se = math.sqrt(first.variance + second.variance)
        status, reason = "no_variance", "neither AUROC has a variance: the test is not defined"
        interval = mover_interval(first, second, 0.0, level=level)
    if se and df is not None:
        z, status, reason = difference / se, "ok", ""
        p = two_sided_p(z, df)
        interval = symmetric_interval(difference, se, UNPAIRED, level, df=df)
    return AurocComparison(
        first=first,
        second=second,
        missing=0,
        difference=difference,
        covariance=0.0,
        correlation=0.0 if se is not None else None,
        se=se,
        interval=interval,
        z=z,
        p=p,
        status=status,
        reason=reason,
        method=UNPAIRED,
    )


def welch_df(first: AurocEstimate, second: AurocEstimate) -> float | None:
    """Return the degrees of freedom; None where a variance is missing or both are 0. Source: Robin 2011."""
    if first.variance is None or second.variance is None or first.variance + second.variance == 0:
        return None
    # Of a clustered AUROC the patients are the sample, however many images they have.
    shares = [
        (each.variance or 0.0) ** 2 / ((each.clusters or each.positives + each.negatives) - 1)
        for each in (first, second)
    ]
    return (first.variance + second.variance) ** 2 / sum(shares)
