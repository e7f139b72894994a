"""Table 1: covariates of the patients by split and label.

Standardised mean difference of several categories: Yang & Dalton, SAS Global Forum 2012, paper 335.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ovcf_bench.findings.values import CovariateSummary, GroupSummary, LevelCount, SplitSummary

NOT_COVARIATES = ("patient_id", "cohort", "site", "split", "fold", "label")
FEW_VALUES = 5  # whole numbers with at most this many different values are categories
MANY_LEVELS = 20  # a text with more different values may tell who a patient is; it is not listed
NO_SMD_OVERLAP = "the classes do not overlap: the standardised difference has no bound"
NO_SMD_CASES = "a class has too few values"


def describe_cohort(cohort: pd.DataFrame, splits: Sequence[str]) -> tuple[CovariateSummary, ...]:
    """Return each covariate of `cohort` (one row per patient, label 0/1), for each of `splits` in order."""
    used = cohort[cohort["split"].isin(splits)]
    present = [split for split in splits if (used["split"] == split).any()]
    return tuple(_describe(name, used, present) for name in cohort.columns if name not in NOT_COVARIATES)


def _describe(name: str, cohort: pd.DataFrame, splits: Sequence[str]) -> CovariateSummary:
    values = cohort[name]
    kind = covariate_kind(values)
    if kind == "text":
        return CovariateSummary(name, kind, {}, f"more than {MANY_LEVELS} different texts: not listed")
    levels = None
    if kind == "categorical":
        levels = [level_text(value) for value in sorted(values.dropna().unique())]
        values = _as_levels(values)
    summaries = {split: _describe_split(values[cohort["split"] == split], cohort["label"], levels) for split in splits}
    return CovariateSummary(name, kind, summaries, "")


def covariate_kind(values: pd.Series) -> str:
    """Return "numeric", "categorical" or "text" (too many different texts to list)."""
    distinct = values.dropna().unique()
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "categorical" if len(distinct) <= MANY_LEVELS else "text"
    whole = bool(np.all(np.asarray(distinct, dtype=np.float64) % 1 == 0))
    return "categorical" if whole and len(distinct) <= FEW_VALUES else "numeric"


def _as_levels(values: pd.Series) -> pd.Series:
    """Return category names; 1.0 (a whole number beside missing values) is "1"."""
    texts = [None if pd.isna(value) else level_text(value) for value in values]
    return pd.Series(texts, index=values.index, dtype=object)


def level_text(value: object) -> str:
    """Return a category as text; a whole number beside missing values keeps no ".0"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _describe_split(values: pd.Series, label: pd.Series, levels: list[str] | None) -> SplitSummary:
    positive = label.loc[values.index] == 1
    groups = (values, values[positive], values[~positive])
    if levels is None:
        everyone, positives, negatives = (_moments(group) for group in groups)
        smd, reason = _numeric_smd(groups[1].dropna(), groups[2].dropna())
    else:
        everyone, positives, negatives = (_counts(group, levels) for group in groups)
        smd, reason = _categorical_smd(groups[1].dropna(), groups[2].dropna(), levels)
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


def _numeric_smd(positives: pd.Series, negatives: pd.Series) -> tuple[float | None, str]:
    """Return (mean of positives - mean of negatives) / root mean square of both SDs."""
    if min(len(positives), len(negatives)) < 2:
        return None, NO_SMD_CASES
    difference = float(positives.mean() - negatives.mean())
    spread = math.sqrt((float(positives.var()) + float(negatives.var())) / 2)
    if spread == 0:
        return (0.0, "") if difference == 0 else (None, NO_SMD_OVERLAP)
    return difference / spread, ""


def _categorical_smd(positives: pd.Series, negatives: pd.Series, levels: list[str]) -> tuple[float | None, str]:
    """Return the Mahalanobis distance of the two vectors of shares (without sign). Source: Yang & Dalton."""
    if min(len(positives), len(negatives)) < 2:
        return None, NO_SMD_CASES
    shares = [np.array([(group == level).mean() for level in levels[1:]]) for group in (positives, negatives)]
    distance = shares[0] - shares[1]
    spread = sum(np.diag(share) - np.outer(share, share) for share in shares) / 2
    inverse = np.linalg.pinv(np.atleast_2d(spread), hermitian=True) if levels[1:] else np.zeros((0, 0))
    if not np.allclose(spread @ inverse @ distance, distance):  # a direction without spread
        return None, NO_SMD_OVERLAP
    return math.sqrt(max(0.0, float(distance @ inverse @ distance))), ""
