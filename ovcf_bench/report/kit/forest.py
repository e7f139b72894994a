"""Estimates with their intervals, one below the other: a forest plot that a telephone can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ovcf_bench.findings.values import Limits
from ovcf_bench.report.kit.csv import CsvCell
from ovcf_bench.report.kit.plot import Frame, Style, Tick, digits_of, span_ticks
from ovcf_bench.wording import number, with_interval

WIDTH = 430
_HEAD, _ROW, _FOOT, _TOP = 26, 37, 44, 6
_LETTERS = 42  # of a label that stand beside its numbers
COLUMNS = ("estimate", "row", "low", "high")


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row: `text` shows the numbers; a value that does not exist is None."""

    label: str
    text: str
    value: float | None
    ci: Limits | None
    style: Style


def forest_row(label: str, value: float | None, ci: Limits | None, style: Style, *, sign: bool = False) -> ForestRow:
    """Return a row that shows its value with its interval; `sign` : as a difference."""
    return ForestRow(label, with_interval(value, ci, sign=sign), value, ci, style)


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """Rows under a common head, which may be empty."""

    head: str
    rows: tuple[ForestRow, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row as drawn: label and text stand above the stroke; `arrows` point at limits beyond the axis."""

    y: int
    label: str
    full: str
    text: str
    dot: str
    stroke: str
    arrows: tuple[str, ...]
    style: Style


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest plot; `text` is its alternative. `guides` are (x, label) of upright lines."""

    template: ClassVar[str] = "forest.svg"
    id: str
    title: str
    text: str
    width: int
    height: int
    base: int
    heads: tuple[tuple[int, str], ...]
    rows: tuple[Drawn, ...]
    ticks: tuple[Tick, ...]
    guides: tuple[tuple[str, str], ...]
    axis: str


def forest(
    name: str,
    title: str,
    axis: str,
    groups: Sequence[ForestGroup],
    *,
    guides: Sequence[tuple[float, str]] = (),
    bounds: Limits | None = None,
) -> Forest | None:
    """Return the plot; nothing when no row has a value.

    axis : its name; guides : (value, label) of lines to be seen, such as a margin; bounds : what the axis must hold
    and does not leave (0 to 1 for an AUROC).
    """
    known = [each for group in groups for each in group.rows if each.value is not None]
    if not known:
        return None
    ends = [end for each in known for end in (each.ci or (each.value or 0.0,))] + [value for value, _ in guides]
    low, high = min(ends), max(ends)
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    ticks = span_ticks(low, high)
    if bounds is not None:
        inside = [each for each in ticks if bounds[0] - 1e-9 <= each <= bounds[1] + 1e-9]
        ticks = inside if len(inside) > 1 else list(bounds)  # all values alike, such as an AUROC of 1
    heads, rows, base = _place(groups, ticks)
    frame = _frame(base)
    digits = digits_of(ticks)
    return Forest(
        id=name,
        title=title,
        text=f"{title}. {'; '.join(f'{each.label}: {each.text}' for each in known)}.",
        width=WIDTH,
        height=base + _FOOT,
        base=base,
        heads=heads,
        rows=rows,
        ticks=tuple(Tick(frame.x(_share(each, ticks)), number(each, digits)) for each in ticks),
        guides=tuple((frame.x(_share(value, ticks)), label) for value, label in guides),
        axis=axis,
    )


def forest_values(groups: Sequence[ForestGroup], position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the rows of a plot."""
    for group in groups:
        for each in group.rows:
            low, high = each.ci or (None, None)
            yield position, group.head, each.value, each.label, low, high


def _frame(base: int) -> Frame:
    return Frame(WIDTH, base + _FOOT, left=14, right=14, top=0, bottom=_FOOT)


def _share(value: float, ticks: Sequence[float]) -> float:
    return (value - ticks[0]) / (ticks[-1] - ticks[0])


def _place(
    groups: Sequence[ForestGroup], ticks: Sequence[float]
) -> tuple[tuple[tuple[int, str], ...], tuple[Drawn, ...], int]:
    """Return heads and rows with their places from the top, and where the axis lies."""
    heads, rows, y = [], [], _TOP
    for group in groups:
        if group.head:
            heads.append((y + 17, shorten(group.head, 60)))
            y += _HEAD
        for each in group.rows:
            rows.append(_draw(each, y, ticks))
            y += _ROW
    return tuple(heads), tuple(rows), y + 4


def _draw(each: ForestRow, y: int, ticks: Sequence[float]) -> Drawn:
    middle = y + 26
    dot, stroke, arrows = "", "", []
    frame = _frame(0)
    if each.value is not None:
        dot = frame.x(min(1.0, max(0.0, _share(each.value, ticks))))
    if each.ci is not None:
        low, high = (_share(end, ticks) for end in each.ci)
        stroke = f"M{frame.x(max(low, 0.0))} {middle}H{frame.x(min(high, 1.0))}"
        arrows += [f"M{frame.x(0)} {middle}l6 -4v8z"] if low < -1e-9 else []
        arrows += [f"M{frame.x(1)} {middle}l-6 -4v8z"] if high > 1 + 1e-9 else []
    return Drawn(middle, shorten(each.label, _LETTERS), each.label, each.text, dot, stroke, tuple(arrows), each.style)


def shorten(label: str, most: int) -> str:
    """Return a label that fits, its middle left out; the whole one stands in the table and in the tooltip."""
    half = (most - 1) // 2
    return label if len(label) <= most else f"{label[:half]}…{label[-half:]}"
