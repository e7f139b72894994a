"""Out-of-fold comparisons over folds and repeats: what cross-validation alone can say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.secondary import CrossValidated
from ovcf_bench.findings.values import DevelopmentFindings, limits
from ovcf_bench.stats.resampled import corrected_t, split_variance


def compare_folds(analysis: Analysis, development: Mapping[str, DevelopmentFindings]) -> tuple[CrossValidated, ...]:
    """Return the corrected resampled t of each comparison whose folds all have an AUROC; else nothing."""
    found = []
    for one in analysis.comparisons:
        first, second = (_by_fold(development[arm]) for arm in (one.a, one.b))
        if first is None or second is None or first.shape != second.shape:
            continue
        test = corrected_t(first - second)
        parts = split_variance(first - second)
        found.append(
            CrossValidated(
                comparison=one.id,
                n=first.size,
                mean=test.mean,
                ci=limits(test.interval),
                t=test.t,
                df=test.df,
                p=test.p,
                sd_folds=parts.sd_folds,
                sd_repeats=parts.sd_repeats,
                reason=test.reason or parts.reason,
            )
        )
    return tuple(found)


def _by_fold(development: DevelopmentFindings) -> np.ndarray | None:
    """Return AUROCs (repeats, folds), or None when one is missing or there is only one fold."""
    entries = development.folds.aurocs
    repeats, folds = {one.repeat for one in entries}, {one.fold for one in entries}
    if len(folds) < 2 or len(entries) != len(repeats) * len(folds) or any(one.auroc is None for one in entries):
        return None
    ordered = sorted(entries, key=lambda one: (one.repeat, one.fold))
    return np.asarray([one.auroc for one in ordered], dtype=np.float64).reshape(len(repeats), len(folds))
