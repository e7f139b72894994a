"""What a figure shows as CSV: one row for each point, the same columns in every panel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

CsvCell = str | float | int | None


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[CsvCell]]) -> str:
    """Return rows of (panel, series, x, y, ...) as CSV; a value that does not exist is an empty field.

    The first four columns are what scripts of the page draw and read aloud; further ones are told beside them.
    """
    return written([("panel", "series", *columns), *([_plain(cell) for cell in row] for row in rows)])


def written(lines: Iterable[Sequence[str]]) -> str:
    """Return lines of fields as CSV (RFC 4180, LF)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _plain(cell: CsvCell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.7g}"
    return as_field(cell) if isinstance(cell, str) else str(cell)


def as_field(text: str) -> str:
    """Return a name or a text as a field that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
