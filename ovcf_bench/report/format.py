"""Numbers as a journal prints them. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

NONE = "–"
_MINUS = "−"
_SMALLEST_P = 0.001


def number(value: float | None, digits: int = 3) -> str:
    """Return "0.915", with a true minus sign; an en dash where there is no value."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    return text.replace("-", _MINUS) if float(text) != 0 else text.lstrip("-")


def signed(value: float | None, digits: int = 3) -> str:
    """Return "+0.003" or "−0.021"."""
    text = number(value, digits)
    return text if value is None or text.startswith(_MINUS) or float(text) == 0 else f"+{text}"


def interval(limits: Sequence[float] | None, digits: int = 3, *, sign: bool = False) -> str:
    """Return "0.893 to 0.934"."""
    if limits is None:
        return NONE
    show = signed if sign else number
    return f"{show(limits[0], digits)} to {show(limits[1], digits)}"


def p_value(value: float | None) -> str:
    """Return "0.027", or "< 0.001" below that."""
    if value is None:
        return NONE
    return "< 0.001" if value < _SMALLEST_P else number(value)


def count(value: int | None) -> str:
    """Return "1,611"."""
    return NONE if value is None else f"{value:,}"


def share(value: float | None) -> str:
    """Return a share as per cent: "54.2 %"."""
    return NONE if value is None else f"{value:.1%}".replace("%", " %")


def duration(seconds: float | None) -> str:
    """Return "45 s", "3.2 min" or "1.5 h"."""
    if seconds is None:
        return NONE
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
