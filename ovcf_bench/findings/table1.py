"""Table 1: covariates of the patients by split and label."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ovcf_bench.findings.values import CovariateSummary, GroupSummary, LevelCount, SplitSummary
from ovcf_bench.stats.covariates import (
    MANY_LEVELS,
    as_levels,
    categorical_difference,
    covariate_kind,
    levels_of,
    numeric_difference,
)

NOT_COVARIATES = ("patient_id", "cohort", "site", "split", "fold", "label")


def describe_cohort(cohort: pd.DataFrame, splits: Sequence[str]) -> tuple[CovariateSummary, ...]:
    """Return each covariate of `cohort` (one row per patient, label 0/1), for each of `splits` in order."""
    used = cohort[cohort["split"].isin(splits)]
    present = [split for split in splits if (used["split"] == split).any()]
    return tuple(_describe(name, used, present) for name in cohort.columns if name not in NOT_COVARIATES)


def _describe(name: str, cohort: pd.DataFrame, splits: Sequence[str]) -> CovariateSummary:
    values = cohort[name]
    kind = covariate_kind(values)
    # A free text may be a name, or tell who somebody is; more levels than a table can hold count as free text.
    if kind == "text":
        return CovariateSummary(name, kind, {}, f"more than {MANY_LEVELS} different texts: not listed")
    levels = None
    if kind == "categorical":
        levels = levels_of(values)
        values = as_levels(values)
    summaries = {split: _describe_split(values[cohort["split"] == split], cohort["label"], levels) for split in splits}
    return CovariateSummary(name, kind, summaries, "")


def _describe_split(values: pd.Series, label: pd.Series, levels: list[str] | None) -> SplitSummary:
    positive = label.loc[values.index] == 1
    groups = (values, values[positive], values[~positive])
    known = groups[1].dropna(), groups[2].dropna()
    # Standardised differences and no p: a p-value grows with the number of patients, an imbalance does not.
    smd, reason = numeric_difference(*known) if levels is None else categorical_difference(*known, levels)
    everyone, positives, negatives = (_moments(each) if levels is None else _counts(each, levels) for each in groups)
    return SplitSummary(all=everyone, positives=positives, negatives=negatives, smd=smd, reason=reason)


def _moments(values: pd.Series) -> GroupSummary:
    known = values.dropna().astype("float64")
    n, missing = len(known), len(values) - len(known)
    if known.empty:
        return GroupSummary(0, missing, None, None, None, None, None, ())
    q1, median, q3 = (float(known.quantile(share)) for share in (0.25, 0.5, 0.75))
    sd = float(known.std()) if n > 1 else None
    return GroupSummary(n, missing, float(known.mean()), sd, median, q1, q3, ())


def _counts(values: pd.Series, levels: list[str]) -> GroupSummary:
    known = values.dropna()
    counted = {level: int((known == level).sum()) for level in levels}
    shares = tuple(
        LevelCount(level, count, count / len(known) if len(known) else None) for level, count in counted.items()
    )
    return GroupSummary(len(known), len(values) - len(known), None, None, None, None, None, shares)
