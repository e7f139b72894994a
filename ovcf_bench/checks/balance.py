"""Do the classes, and the sites, differ in a covariate?"""

from __future__ import annotations

from typing import Any

from ovcf_bench.checks.results import CheckResult, Evidence, found
from ovcf_bench.stats.covariates import standardised_difference
from ovcf_bench.vocabulary import DEVELOPMENT

LARGE = 0.25  # Stuart, Statistical Science 2010;25:1-21, section 4.1: beyond, adjustment is not to be trusted


def balance(evidence: Evidence) -> CheckResult:
    """Compare the classes within each split, and each test set with development."""
    patients = evidence.images.drop_duplicates("patient_id")
    rows: list[dict[str, Any]] = []
    for name in evidence.covariates:
        for split, part in patients.groupby("split", sort=False):
            positive = part["label"] == 1
            value = standardised_difference(part.loc[positive, name], part.loc[~positive, name])
            rows.append(_row(name, f"classes of {split}", value))
            if split != DEVELOPMENT:
                others = patients.loc[patients["split"] == DEVELOPMENT, name]
                rows.append(_row(name, f"{split} and development", standardised_difference(part[name], others)))
    large = [row for row in rows if row["difference"] is None or abs(row["difference"]) > LARGE]
    if not evidence.covariates:
        return found("balance", False, "the study declares no covariates to compare")
    names = sorted({row["covariate"] for row in large})
    summary = (
        f"differences of more than {LARGE} SD in {', '.join(names)}" if large else f"no difference above {LARGE} SD"
    )
    return found("balance", bool(large), summary, large)


def _row(covariate: str, groups: str, value: float | None) -> dict[str, Any]:
    return {"covariate": covariate, "groups": groups, "difference": value}
