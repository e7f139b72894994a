"""The CSV file as a table of words, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ovcf_bench.api import DataError, Problem, did_you_mean, is_reserved
from ovcf_plugins.datasets.manifest.params import ManifestParams

_EMPTY = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None")
_FIRST_ROW = 2  # a spreadsheet counts from 1, and row 1 is the header


def read_listing(file: Path, params: ManifestParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return our columns as text (missing: NaN) and all others with their types; the index holds row numbers.

    Our columns: patient_id, view, label, path, and exam_id, image_id, site where the file has them. Raises
    DataError with everything that is wrong with the file as a table.
    """
    header = _header(file)
    ours = _our_columns(file, header, params)
    table = _rows(file, header, ours, params)
    table.index += _FIRST_ROW
    table = table[table.notna().any(axis=1)]  # blank lines keep their numbers
    if table.empty:
        raise DataError(Problem(file.name, "lists no images"))
    texts = pd.DataFrame({name: table[theirs].str.strip() for name, theirs in ours.items()}, index=table.index)
    return texts.mask(texts == ""), table.drop(columns=[*{*ours.values()}])


def _header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines), [])
    except FileNotFoundError:
        raise DataError(Problem(file.name, "the file is not there", "A relative path starts at the study.")) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(file, error) from None
    if len(header) == 1 and any(separator in header[0] for separator in ";\t"):
        raise DataError(Problem(f"{file.name}, row 1", "columns are not separated by commas", "Save it as CSV, comma."))
    return header


def _our_columns(file: Path, header: Sequence[str], params: ManifestParams) -> dict[str, str]:
    """Return our names with the file's; raises DataError for columns that are missing, ambiguous, or in the way."""
    where = f"{file.name}, row 1"
    given: Mapping[str, str | None] = params.columns.model_dump()
    ours = {name: theirs or name for name, theirs in given.items() if theirs or name in header}
    problems = [
        Problem(where, f"the column {name!r} stands twice") for name in dict.fromkeys(header) if header.count(name) > 1
    ]
    for name, theirs in ours.items():
        if theirs not in header:
            allowed = f"{did_you_mean(theirs, header)} Name it in params.columns: {name}.".strip()
            problems.append(Problem(where, f"the column {theirs!r} is missing", allowed))
    for name in header:
        if is_reserved(name) and name not in ours.values():
            allowed = "Rename it, or name it in params.columns."
            problems.append(Problem(where, f"the column {name!r} would be taken for ours", allowed))
    if problems:
        raise DataError(*problems)
    return ours


def _rows(file: Path, header: Sequence[str], ours: Mapping[str, str], params: ManifestParams) -> pd.DataFrame:
    words: dict[str, list[object]] = {"label": [*params.positive, *params.negative], "view": [*params.views]}
    empty = {name: [*_EMPTY] for name in header}
    for name, declared in words.items():  # "None" may well be the word for negative
        empty[ours[name]] = [each for each in _EMPTY if each not in {str(word) for word in declared}]
    try:
        return pd.read_csv(
            file,
            encoding="utf-8-sig",
            dtype=dict.fromkeys(ours.values(), str),
            keep_default_na=False,
            na_values=empty,
            index_col=False,
            skip_blank_lines=False,
            low_memory=False,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    except pd.errors.ParserError as error:
        raise DataError(*(_long_rows(file, len(header)) or [Problem(file.name, "is no CSV file")])) from error


def _long_rows(file: Path, columns: int) -> list[Problem]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            Problem(f"{file.name}, row {number}", f"has {len(row)} cells", f"Allowed: {columns}, as the header has.")
            for number, row in enumerate(csv.reader(lines), start=1)
            if len(row) > columns
        ]


def _unreadable(file: Path, error: Exception) -> DataError:
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    return DataError(Problem(file.name, f"cannot be read ({reason})", "Allowed: a CSV file in UTF-8."))
