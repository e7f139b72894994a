"""Labels that a program read from radiology reports: positive, negative, uncertain, or not mentioned (CheXpert).

This module needs no pandas; it is imported by plugins before any study is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ovcf_plugins.datasets.files.folder import FolderParams

if TYPE_CHECKING:
    import pandas as pd

Finding = Literal[
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
]  # fmt: skip
_POSITIVE, _NEGATIVE, _UNCERTAIN = 1, 0, -1
UNKNOWN_VIEW = "its view is unknown"


class ReportLabelParams(FolderParams):
    """Which finding is predicted, and what becomes of uncertain and blank labels: nothing is assumed."""

    target: Finding = Field(description="The finding that is predicted: the name of its column.")
    uncertain: Literal["positive", "negative", "exclude"] = Field(
        description="What a label of -1 (uncertain) counts as."
    )
    blank: Literal["negative", "exclude"] = Field(description="What an empty label (not mentioned) counts as.")


def unknown_labels(words: pd.Series, target: str) -> dict[str, pd.Series]:
    """Return the rows whose label is none of 1, 0, -1 and blank, as `refuse_rows` takes them."""
    return {f"{target} is not 1, 0, -1 or blank": words.notna() & ~_codes(words).isin([1, 0, -1])}


def report_labels(words: pd.Series, params: ReportLabelParams) -> tuple[pd.Series, Mapping[str, pd.Series]]:
    """Return 1 or 0 for each row, NaN for those left out, and the reasons of these."""
    codes = _codes(words)
    left_out = {}
    if params.uncertain == "exclude":
        left_out["its label is uncertain"] = codes == _UNCERTAIN
    if params.blank == "exclude":
        left_out["its label is blank"] = codes.isna()
    meaning = {_POSITIVE: 1, _NEGATIVE: 0, _UNCERTAIN: {"positive": 1, "negative": 0}.get(params.uncertain)}
    labels = codes.map(meaning)
    return labels.mask(codes.isna(), 0 if params.blank == "negative" else None), left_out


def _codes(words: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_numeric(words, errors="coerce")
