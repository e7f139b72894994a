"""A CSV file as a table of words: the columns that must be there, the rows of a spreadsheet, what labels mean."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.api import DataError, Problem, did_you_mean

_FIRST_ROW = 2  # a spreadsheet counts from 1, and row 1 is the header
_EMPTY = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
_MOST_NAMED = 20  # rows with the same mistake; a wrong column need not fill the screen a thousand times
Word = str | int | float


def read_table(file: Path, wanted: Sequence[str], where: str) -> pd.DataFrame:
    """Return a CSV file (or its .gz) as texts, NaN where empty; the index holds row numbers.

    Raises DataError when it cannot be read or lacks columns; `where` is the parameter that names columns.
    """
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "na_values": list(_EMPTY), "index_col": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows with too many cells would be cut
            # Blank lines are kept for now, so that rows keep their numbers.
            table: pd.DataFrame = pd.read_csv(file, encoding="utf-8-sig", skip_blank_lines=False, **options)
    except FileNotFoundError:
        allowed = "A relative path starts at the study."
        raise DataError(Problem(file.name, "the file is not there", allowed)) from None
    except pd.errors.EmptyDataError:
        raise DataError(Problem(file.name, "the file is empty")) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        found = f"cannot be read ({type(error).__name__})"
        raise DataError(Problem(file.name, found, "Allowed: a CSV file in UTF-8, with commas.")) from None
    lacking = [name for name in wanted if name not in table.columns]
    if lacking:
        raise DataError(
            *(
                Problem(f"{file.name}, row 1", f"the column {name!r} is missing", _advice(name, table, where))
                for name in lacking
            )
        )
    table.index += _FIRST_ROW
    return table[table.notna().any(axis=1)]


def _advice(name: str, table: pd.DataFrame, where: str) -> str:
    return f"{did_you_mean(name, [str(each) for each in table.columns])} Columns are named in {where}.".strip()


def row_problems(file: Path, bad: pd.Series, found: str, allowed: str = "") -> list[Problem]:
    """Return one problem for each row of which `bad` is true; the index of `bad` holds row numbers."""
    rows = bad.index[bad]
    named = [Problem(f"{file.name}, row {row}", found, allowed) for row in rows[:_MOST_NAMED]]
    more = len(rows) - len(named)
    return [*named, Problem(file.name, f"{found} in {more} more rows", allowed)] if more else named


def refuse_rows(file: Path, bad: Mapping[str, pd.Series]) -> None:
    """Raise DataError with every row that is wrong; `bad` says what was found in which rows."""
    problems = [problem for found, rows in bad.items() for problem in row_problems(file, rows, found)]
    if problems:
        raise DataError(*problems)


def empty_cells(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Return the rows in which one of the columns is empty, as `refuse_rows` takes them."""
    return {f"{name} is empty": table[name].isna() for name in columns}


def places(file: Path, rows: pd.Index) -> pd.Index:
    """Return where each of the rows of a file stands, in words."""
    return f"{file.name}, row " + rows.astype(str)


def first_reason(reasons: Mapping[str, pd.Series]) -> pd.Series:
    """Return, for every row, the first reason that holds; "" where none does."""
    index = next(iter(reasons.values())).index
    found = np.select([each.to_numpy(dtype=bool) for each in reasons.values()], list(reasons), default="")
    return pd.Series(found, index=index, dtype=object)


def labels_of(words: pd.Series, positive: Sequence[Word], negative: Sequence[Word]) -> pd.Series:
    """Return 1, 0, or NaN where a word is neither positive nor negative; "1.0" counts as 1."""
    meanings = {str(word): 0 for word in negative} | {str(word): 1 for word in positive}
    numbers = {_number(word): meaning for word, meaning in meanings.items() if _number(word) is not None}
    found = {word: meanings.get(word, numbers.get(_number(word))) for word in words.dropna().unique()}
    return words.map(found).astype(float)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
