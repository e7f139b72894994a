"""How numbers, p-values and lists are written, in sentences, tables, the terminal and exports.

Numbers stand as journals print them; an en dash stands where a value does not exist, full precision in the records.
"""

from __future__ import annotations

from collections.abc import Sequence

NONE = "–"
_MINUS = "−"


def number(value: float | None, digits: int = 3) -> str:
    """Return "0.915" or "−0.021", with a true minus sign and no negative zero."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", _MINUS)


def signed(value: float | None) -> str:
    """Return a difference with its sign: "+0.003", "−0.021", "0.000"."""
    text = number(value)
    return f"+{text}" if value is not None and float(f"{value:.3f}") > 0 else text


def interval(limits: Sequence[float] | None, *, sign: bool = False) -> str:
    """Return "0.893 to 0.934"; a dash between limits would read as a minus."""
    if limits is None:
        return NONE
    show = signed if sign else number
    return f"{show(limits[0])} to {show(limits[1])}"


def with_interval(value: float | None, limits: Sequence[float] | None, *, sign: bool = False) -> str:
    """Return "0.915 (0.893 to 0.934)", without limits where there are none."""
    text = signed(value) if sign else number(value)
    return f"{text} ({interval(limits, sign=sign)})" if limits is not None else text


def p_value(value: float | None) -> str:
    """Return ".027", "< .001" or "> .999": no leading zero, as p cannot exceed 1 (AMA style)."""
    if value is None:
        return NONE
    if value < 0.001:
        return "< .001"
    return "> .999" if value > 0.999 else f"{value:.3f}".removeprefix("0")


def p_phrase(value: float) -> str:
    """Return "p = .027" or "p < .001"."""
    text = p_value(value)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def auroc_text(value: float, limits: Sequence[float] | None) -> str:
    """Return "0.915 (95 % CI 0.893 to 0.935)"."""
    return f"{number(value)} ({f'95 % CI {interval(limits)}' if limits else 'no interval'})"


def count(value: int | None) -> str:
    """Return "1,611"."""
    return NONE if value is None else f"{value:,}"


def plural(n: int, one: str, many: str) -> str:
    """Return "1 row is" or "3 rows are", from "row is" and "rows are"."""
    return f"{n} {one if n == 1 else many}"


def per_cent(share: float | None) -> str:
    """Return a share as "54.2 %"."""
    return NONE if share is None else f"{share * 100:.1f} %"


def duration(seconds: float | None) -> str:
    """Return "45 s", "3.2 min" or "1.5 h"."""
    if seconds is None:
        return NONE
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def joined(names: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def minus(a: str, b: str) -> str:
    """Return the name of a difference of two arms: "ap − lateral"."""
    return f"{a} {_MINUS} {b}"
