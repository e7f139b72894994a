"""A CSV file as a table of words, with the columns that must be there and the row numbers of a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ovcf_bench.api import DataError, Problem, did_you_mean

_FIRST_ROW = 2  # a spreadsheet counts from 1, and row 1 is the header
_EMPTY = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")


def read_table(file: Path, wanted: Sequence[str], where: str) -> pd.DataFrame:
    """Return a CSV file (or its .gz) as texts, NaN where empty; the index holds row numbers.

    Raises DataError when it cannot be read or lacks columns; `where` is the parameter that names columns.
    """
    try:
        table = pd.read_csv(
            file, dtype=str, keep_default_na=False, na_values=list(_EMPTY), encoding="utf-8-sig", index_col=False
        )
    except FileNotFoundError:
        allowed = "A relative path starts at the study."
        raise DataError(Problem(file.name, "the file is not there", allowed)) from None
    except pd.errors.EmptyDataError:
        raise DataError(Problem(file.name, "the file is empty")) from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
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
