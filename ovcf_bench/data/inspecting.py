"""Looks at a study's images with every check that the study asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ovcf_bench.data.preparing import Prepared
from ovcf_bench.data.settings import Options
from ovcf_bench.errors import Problem

if TYPE_CHECKING:
    from ovcf_bench.checks import Evidence
    from ovcf_bench.records import CheckResult


def inspect(prepared: Prepared, options: Options) -> tuple[CheckResult, ...]:
    """Return what the study's checks find in its images."""
    if (prepared.images["digest"] == "").all():
        return ()  # cases without images: what is known of them stands in Table 1
    from ovcf_bench.checks import run_checks  # a second of imports that not every command needs

    return run_checks(evidence_of(prepared, options), prepared.study.document.checks.policies)


def evidence_of(prepared: Prepared, options: Options) -> Evidence:
    """Return what the checks look at."""
    from ovcf_bench.checks import Evidence

    document = prepared.study.document
    covariates = tuple(name for name in document.covariates if name not in document.checks.describes_label)
    seen = dataclasses.replace(prepared, images=prepared.images[prepared.images["digest"] != ""])
    appearances = options.cache.appearances(seen.images["digest"].tolist())
    return Evidence(_with_tags(seen), covariates, appearances, document.seed)


def _with_tags(prepared: Prepared) -> pd.DataFrame:
    """Return the images with what their datasets say of how they were acquired."""
    parts = []
    for name, part in prepared.images.groupby("cohort", sort=False):
        exams = prepared.opened[str(name)].exams
        said = [column for column in exams.columns if column.startswith("tag_") or column == "remark"]
        parts.append(part.reset_index(drop=True).join(exams[said].iloc[part["row"].tolist()].reset_index(drop=True)))
    return pd.concat(parts, ignore_index=True)


def problems_of(results: Sequence[CheckResult]) -> list[Problem]:
    """Return the checks that the study does not let pass."""
    allowed = "Mend the data, or let it pass: checks.{}: warn."
    return [
        Problem(f"check {each.check}", each.summary, allowed.format(each.check))
        for each in results
        if each.level == "error"
    ]
