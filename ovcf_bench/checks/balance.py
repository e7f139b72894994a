"""Do the classes, and the sites, differ in a covariate?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, ttest_ind

from ovcf_bench.checks.results import Evidence, found
from ovcf_bench.records import CheckResult
from ovcf_bench.stats.covariates import as_levels, covariate_kind, standardised_difference
from ovcf_bench.vocabulary import DEVELOPMENT

_BY_CHANCE = 0.01
LARGE = 0.25  # Stuart, Statistical Science 2010;25:1-21, section 4.1: beyond, adjustment is not to be trusted


def balance(evidence: Evidence) -> CheckResult:
    """Compare the classes within each split, and each test set with development.

    A difference counts when it exceeds .25 SD and what chance gives in 1 of 100 such comparisons.
    """
    if not evidence.covariates:
        return found("balance", False, "the study declares no covariates to compare")
    patients = evidence.images.drop_duplicates("patient_id")
    development = patients[patients["split"] == DEVELOPMENT]
    large: list[dict[str, Any]] = []
    for name in evidence.covariates:
        for split, part in patients.groupby("split", sort=False):
            positive = part["label"] == 1
            large += _large(name, f"classes of {split}", part.loc[positive, name], part.loc[~positive, name])
            if split != DEVELOPMENT:
                large += _large(name, f"{split} and development", part[name], development[name])
    names = sorted({row["covariate"] for row in large})
    summary = (
        f"differences of more than {LARGE} SD in {', '.join(names)}" if large else f"no difference above {LARGE} SD"
    )
    return found("balance", bool(large), summary, large)


def _large(covariate: str, groups: str, first: pd.Series, second: pd.Series) -> list[dict[str, Any]]:
    """Return the row of a difference that counts; one without bound always does."""
    if covariate_kind(pd.concat([first, second])) == "text":
        return []  # words of which nearly everyone has another
    value = standardised_difference(first, second)
    sizes = first.notna().sum(), second.notna().sum()
    if min(sizes) < 2 or (value is not None and (abs(value) <= LARGE or _by_chance(first, second))):
        return []
    return [{"covariate": covariate, "groups": groups, "difference": value}]


def _by_chance(first: pd.Series, second: pd.Series) -> bool:
    """Whether two groups of one population differ as much in more than 1 of 100 comparisons (Welch, chi-square)."""
    both = pd.concat([first, second])
    if covariate_kind(both) == "numeric":
        return float(ttest_ind(first.dropna(), second.dropna(), equal_var=False).pvalue) > _BY_CHANCE
    counts = pd.crosstab(as_levels(both).to_numpy(), np.repeat([0, 1], [len(first), len(second)]))
    return counts.shape[1] < 2 or float(chi2_contingency(counts.to_numpy()).pvalue) > _BY_CHANCE
