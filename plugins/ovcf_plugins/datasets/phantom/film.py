"""The detector: how many pixels of which size, and where it looks."""

from __future__ import annotations

from dataclasses import dataclass

CONED_HEIGHT_MM = 192.0  # T11-L3
FULL_HEIGHT_MM = 430.0
COLUMNS_PER_ROW = {"coned": 3 / 5, "full": 5 / 8}
BLOCK = 8  # rows and columns are whole blocks: scatter is computed at 1/8 of the scale


@dataclass(frozen=True, slots=True)
class Film:
    """A detector of rows x columns pixels of `pixel_mm`; row 0 lies `top_mm` from the centre of L1."""

    rows: int
    columns: int
    pixel_mm: float
    top_mm: float
    coned: bool

    @classmethod
    def of(cls, field: str, rows: int) -> Film:
        """Return the film of a field, "coned" or "full"; columns are rounded to whole blocks."""
        coned = field == "coned"
        columns = BLOCK * round(rows * COLUMNS_PER_ROW[field] / BLOCK)
        height_mm = CONED_HEIGHT_MM if coned else FULL_HEIGHT_MM
        top_mm = 10 - height_mm / 2 if coned else -135.0
        return cls(rows, columns, height_mm / rows, top_mm, coned)
