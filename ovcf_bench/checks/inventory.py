"""What the images are: labels, views, sites and remarks, and whether covariates are balanced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, ttest_ind

from ovcf_bench.checks.results import Evidence, found
from ovcf_bench.records import CheckResult
from ovcf_bench.stats.covariates import as_levels, covariate_kind, standardised_difference
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import plural

_FEW = 10  # patients of the smaller class, below which an interval says little
_RARE = 0.05


def labels(evidence: Evidence) -> CheckResult:
    """Look for splits with few patients of one class, or with a rare one."""
    patients = evidence.images.groupby(["split", "patient_id"], sort=False)["label"].max().reset_index()
    counts = {
        str(split): (int(part["label"].sum()), int((part["label"] == 0).sum()))
        for split, part in patients.groupby("split", sort=False)
    }
    thin = [split for split, classes in counts.items() if min(classes) < max(_FEW, _RARE * sum(classes))]
    summary = ", ".join(
        f"{split} {positive} positive and {rest} negative" for split, (positive, rest) in counts.items()
    )
    summary += f"; few of one class in {', '.join(thin)}" if thin else ""
    rows = [{"split": split, "positives": p, "negatives": n} for split, (p, n) in counts.items()]
    return found("labels", bool(thin), summary, rows)


def views(evidence: Evidence) -> CheckResult:
    """Count the exams that have all views, and those that lack one or have several images of one."""
    images = evidence.images
    known = sorted(images["view"].unique())
    counted = images.groupby(["split", "exam_id", "view"], sort=False).size().unstack("view", fill_value=0)
    rows: list[dict[str, Any]] = []
    for split, part in counted.groupby(level="split", sort=False):
        has = part.reindex(columns=known, fill_value=0)
        row: dict[str, Any] = {"split": str(split), "exams": len(has), "all views": int((has > 0).all(axis=1).sum())}
        for view in known:
            row[f"only {view}"] = int(((has[view] > 0) & (has.drop(columns=view) == 0).all(axis=1)).sum())
        rows.append({**row, "several of a view": int((has > 1).any(axis=1).sum())})
    lacking = sum(row["exams"] - row["all views"] for row in rows)
    several = sum(row["several of a view"] for row in rows)
    exams = sum(row["exams"] for row in rows)
    summary = f"{exams - lacking} of {exams} exams have every view ({', '.join(known)})"
    summary += f"; {several} have several images of one view" if several else ""
    classes = images[images["split"] == DEVELOPMENT].groupby("view")["label"].nunique()
    alike = [str(view) for view, n in classes.items() if n < 2]
    summary += f"; in development only one class has {', '.join(alike)}" if alike else ""
    return found("views", lacking > 0 or bool(alike), summary, rows if lacking or several else [])


def sites(evidence: Evidence) -> CheckResult:
    """Look for patients who stand under several sites."""
    per_patient = evidence.images.groupby("patient_id", sort=False)["site"].nunique()
    n, known = int((per_patient > 1).sum()), sorted(evidence.images["site"].unique())
    summary = (
        "all patients are of one site" if len(known) == 1 else f"no patient stands under two of {len(known)} sites"
    )
    summary = f"{plural(n, 'patient stands', 'patients stand')} under several sites" if n else summary
    return found("sites", n > 0, summary)


def remarks(evidence: Evidence) -> CheckResult:
    """Count what datasets remark about images that are used all the same."""
    said = evidence.images.get("remark", pd.Series(dtype=str)).fillna("")
    counted = said[said != ""].value_counts()
    rows = [{"remark": str(text), "images": int(n)} for text, n in counted.items()]
    summary = "; ".join(f"{row['images']} images: {row['remark']}" for row in rows) or "nothing odd about an image"
    return found("remarks", bool(rows), summary, rows)


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
