"""The user's table of labels: which rows it has, and what each says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.api import EXAM_COLUMNS, DataError, Problem, is_reserved, one_of
from ovcf_plugins.datasets.dicom.params import LabelTable
from ovcf_plugins.datasets.files.tables import labels_of, read_table, row_problems


@dataclass(frozen=True, slots=True)
class Labels:
    """Rows by key: label (0, 1), patient_id, site, view and covariates, as far as the table has them."""

    rows: Mapping[str, Mapping[str, Any]]
    covariates: tuple[str, ...]


def read_labels(file: Path, params: LabelTable) -> Labels:
    """Return the table. Raises DataError with every row whose key is empty or repeated, or whose label is unknown."""
    wanted = [params.key, params.label, *(each for each in (params.patient_id, params.site, params.view) if each)]
    table = read_table(file, wanted, "params.labels")
    taken = [name for name in table.columns if name not in (*wanted, *EXAM_COLUMNS) and is_reserved(name)]
    if taken:
        where, allowed = f"{file.name}, row 1", "Rename it."
        raise DataError(*(Problem(where, f"the column {name!r} would be taken for ours", allowed) for name in taken))
    words = table[params.label]
    label = labels_of(words, params.positive, params.negative)
    declared = [str(word) for word in (*params.negative, *params.positive)]
    key = table[params.key].str.strip()
    problems = [
        *row_problems(file, key.isna() | (key == ""), "the key is empty"),
        *row_problems(file, key.duplicated() & key.notna(), "the key stands in an earlier row already"),
        *row_problems(file, label.isna() & words.notna(), "unknown label", one_of("", declared)),
    ]
    if problems:
        raise DataError(*problems)
    ours: dict[str, pd.Series] = {"label": label}
    for name, column in (("patient_id", params.patient_id), ("site", params.site), ("view", params.view)):
        if column:
            ours[name] = table[column].str.strip()
    covariates = tuple(each for each in table.columns if each not in wanted and each not in EXAM_COLUMNS)
    found = pd.DataFrame({**ours, **{name: _typed(table[name]) for name in covariates}})
    records = zip(key, found.to_dict("records"), strict=True)
    rows = {word: {str(name): value for name, value in row.items() if pd.notna(value)} for word, row in records}
    return Labels(rows, covariates)


def _typed(words: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(words, errors="coerce")
    return numbers if numbers.notna().sum() == words.notna().sum() else words
