"""The figures of the report as drawings: coordinates only, the values are the findings'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ovcf_bench.report.format import interval, number

Values = Mapping[str, Any]
Points = Sequence[tuple[float, float]]

_COLOURS = 8  # series styles in the style sheet; more arms begin again


@dataclass(frozen=True, slots=True)
class Series:
    """A line (`path` in pixels) with its legend; `style` picks colour and dashes; `marks` are highlighted points."""

    label: str
    path: str
    style: int
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: where it stands (pixels) and what it says."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot ready to be drawn; `text` is its alternative."""

    id: str
    title: str
    text: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    size: Size
    diagonal: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Outer size and margins of a plot, in pixels."""

    width: int
    height: int
    left: int = 52
    right: int = 12
    top: int = 10
    bottom: int = 44

    @property
    def inner_width(self) -> int:
        """Width of the plotting area."""
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> int:
        """Height of the plotting area."""
        return self.height - self.top - self.bottom

    def place(self, x: float, y: float) -> tuple[str, str]:
        """Return the pixel of a point given in shares of the plotting area, y upwards."""
        return f"{self.left + x * self.inner_width:.1f}", f"{self.top + (1 - y) * self.inner_height:.1f}"

    def path(self, points: Points) -> str:
        """Return the SVG path through points given in shares of the plotting area."""
        return "M" + "L".join(" ".join(self.place(x, y)) for x, y in points)


_SQUARE = Size(400, 400)
_WIDE = Size(400, 250)


def roc_plot(name: str, found: Values, position: int) -> Plot:
    """ROC curves of all arms on one set, each with its frozen operating point."""
    series = []
    said = []
    for style, (arm, result) in enumerate(found["arms"].items()):
        roc = result["roc"]
        if roc is None:
            continue
        positives, negatives = result["positives"], result["negatives"]
        points = [(fp / negatives, tp / positives) for tp, fp in zip(roc["tp"], roc["fp"], strict=True)]
        achieved = result["operating_point"]["achieved"]
        marks: tuple[tuple[str, str], ...] = ()
        if achieved:
            marks = (_SQUARE.place(achieved["fp"] / negatives, achieved["tp"] / positives),)
        label = f"{arm}: {number(result['auroc'])} ({interval(result['ci'])})"
        series.append(Series(label, _SQUARE.path(_corners(points)), style % _COLOURS, marks))
        said.append(f"{arm} has an AUROC of {number(result['auroc'])} (95 % interval {interval(result['ci'])})")
    ticks = [(share / 5, number(share / 5, 1)) for share in range(6)]
    return Plot(
        id=f"roc-{position}",
        title=f"ROC curves on {name}",
        text=f"Sensitivity against 1 − specificity on {name}: {'; '.join(said) or 'no arm has scores'}.",
        x_label="1 − specificity",
        y_label="Sensitivity",
        x_ticks=tuple(Tick(_SQUARE.place(at, 0)[0], label) for at, label in ticks),
        y_ticks=tuple(Tick(_SQUARE.place(0, at)[1], label) for at, label in ticks),
        series=tuple(series),
        size=_SQUARE,
        diagonal=True,
    )


def _corners(points: Points) -> list[tuple[float, float]]:
    """Leave out points on a straight line between their neighbours."""
    kept: list[tuple[float, float]] = []
    for point in points:
        while len(kept) >= 2 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _straight(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) < 1e-12


def training_plot(arm: str, history: Sequence[Values], position: int) -> Plot:
    """Training loss by epoch, one line for every network of an arm."""
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in history:
        lines.setdefault((row["repeat"], row["fold"]), []).append((int(row["epoch"]), float(row["loss"])))
    epochs = max(epoch for points in lines.values() for epoch, _ in points)
    highest = max(loss for points in lines.values() for _, loss in points)
    top = next(limit for limit in (0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8, 16, 64, 1e3, 1e9) if highest <= limit)
    series = [
        Series(
            f"fold {int(fold) + 1}" + (f", repeat {int(repeat) + 1}" if int(repeat) else ""),
            _WIDE.path([(epoch / epochs, loss / top) for epoch, loss in points]),
            style % _COLOURS,
        )
        for style, ((repeat, fold), points) in enumerate(lines.items())
    ]
    shown = sorted({round(epochs * share / 4) for share in range(5)} - {0})
    last = "; ".join(
        f"{one.label} ends at {number(points[-1][1])}" for one, points in zip(series, lines.values(), strict=True)
    )
    return Plot(
        id=f"training-{position}",
        title=f"Training loss of {arm}",
        text=f"Cross-entropy by epoch for every network of {arm}: {last}.",
        x_label="Epoch",
        y_label="Loss",
        x_ticks=tuple(Tick(_WIDE.place(epoch / epochs, 0)[0], str(epoch)) for epoch in shown),
        y_ticks=tuple(Tick(_WIDE.place(0, share / 4)[1], number(top * share / 4, 2)) for share in range(5)),
        series=tuple(series),
        size=_WIDE,
    )
