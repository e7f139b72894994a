"""What a check looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ovcf_bench.images import Appearance
from ovcf_bench.records import CheckResult

Policy = Literal["error", "warn", "off"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The images of a study under pseudonyms, and how each looked before it was resized.

    images : one row per image: patient_id, exam_id, image_id, view, label, site, cohort, split, digest, then covariates
    and tag_ columns. covariates : those that may tell a shortcut (not those that describe the label itself).
    """

    images: pd.DataFrame
    covariates: tuple[str, ...]
    appearances: Mapping[str, Appearance]
    seed: int


def found(check: str, troubled: bool, summary: str, rows: list[dict[str, Any]] | None = None) -> CheckResult:
    """Return a result that is a warning when there is trouble; the study's policy may make it an error."""
    return CheckResult(check, "warning" if troubled else "ok", summary, tuple(rows or ()))
