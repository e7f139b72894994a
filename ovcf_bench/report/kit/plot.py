"""A plot of lines on two axes, ready to be drawn as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from ovcf_bench.wording import number

Point: TypeAlias = tuple[float, float]

COLOURS = 8  # classes c0 to c7 in the style sheet
DASHES = 4  # classes d0 to d3
_SIGNS = (  # marks about (0, 0), so that series differ without colour: disc, square, diamond, triangle
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M-4.5 -4.5h9v9h-9z",
    "M0 -6.4L6.4 0L0 6.4L-6.4 0z",
    "M0 -6L5.8 4.6H-5.8z",
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a series looks: classes of the style sheet and the shape of its mark."""

    colour: int
    dash: int

    @property
    def classes(self) -> str:
        """Class names of the line."""
        return f"c{self.colour % COLOURS} d{self.dash % DASHES}"

    @property
    def sign(self) -> str:
        """Path of the mark, about (0, 0)."""
        return _SIGNS[self.dash % len(_SIGNS)]


def arm_style(position: int) -> Style:
    """Return the style of the n-th arm: colour, dash and mark all change, for readers and printers without colour."""
    return Style(position, position + position // COLOURS)


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of a plot and the plotting area in it, in pixels."""

    width: int
    height: int
    left: int = 48
    right: int = 12
    top: int = 10
    bottom: int = 46

    @property
    def across(self) -> int:
        """Width of the plotting area."""
        return self.width - self.left - self.right

    @property
    def along(self) -> int:
        """Height of the plotting area."""
        return self.height - self.top - self.bottom

    def x(self, share: float) -> str:
        """Return the pixel of a share of the width."""
        return f"{self.left + share * self.across:.1f}".removesuffix(".0")

    def y(self, share: float) -> str:
        """Return the pixel of a share of the height, upwards."""
        return f"{self.top + (1 - share) * self.along:.1f}".removesuffix(".0")

    def path(self, points: Sequence[Point]) -> str:
        """Return the path through points given as shares; points on a straight line are left out."""
        return "M" + "L".join(f"{self.x(x)} {self.y(y)}" for x, y in _corners(points))

    def area(self, upper: Sequence[Point], lower: Sequence[Point]) -> str:
        """Return the closed path between two lines of points given as shares, from left to right."""
        return self.path([*upper, *reversed(lower)]) + "z"

    def cloud(self, points: Sequence[Point]) -> str:
        """Return the path of single points given as shares: strokes without length, which round caps make visible."""
        return "".join(f"M{self.x(x)} {self.y(y)}h0" for x, y in points)

    def whiskers(self, spans: Sequence[tuple[float, float, float]]) -> str:
        """Return the path of upright strokes (x, low, high), given as shares."""
        return "".join(f"M{self.x(x)} {self.y(low)}V{self.y(high)}" for x, low, high in spans)


def _corners(points: Sequence[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        while len(kept) >= 2 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _straight(a: Point, b: Point, c: Point) -> bool:
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) < 1e-12


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: its pixel and its label."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A named axis from `low` to `high`."""

    title: str
    ticks: tuple[Tick, ...]
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """A line with its legend; `marks` are (x, y) in pixels, `dots` are small marks on the line.

    area : a closed path, filled faintly; bars : closed paths, filled; whiskers : a path of thin strokes; cloud : a path
    of points, drawn round, or `square`.
    """

    label: str
    style: Style
    path: str = ""
    detail: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    dots: tuple[tuple[str, str], ...] = ()
    area: str = ""
    bars: str = ""
    whiskers: str = ""
    cloud: str = ""
    square: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot; `text` is its alternative and says what it shows.

    chance : draws the diagonal, of a score that knows nothing or of perfect calibration; guides : paths of thin
    lines across the plot.
    """

    template: ClassVar[str] = "plot.svg"
    id: str
    title: str
    text: str
    frame: Frame
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    chance: bool = False
    guides: tuple[str, ...] = ()


_STEPS = (1, 2, 2.5, 5, 10)


def nice_ticks(highest: float, wanted: int = 4) -> list[float]:
    """Return round ticks from 0 to at least `highest`, about `wanted` steps apart."""
    return span_ticks(0.0, highest, wanted) if highest > 0 else [0.0, 1.0]


def span_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Return round ticks that hold `low` and `high` between the first and the last."""
    if high - low <= 0:
        return [low, low + 1.0]
    width = high - low
    power = 10 ** math.floor(math.log10(width / wanted))
    step = next(step * power for step in _STEPS if step * power * wanted >= width * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * index for index in range(first, last + 1)]


def digits_of(ticks: Sequence[float]) -> int:
    """Return how many decimals tell neighbouring ticks from each other."""
    step = ticks[1] - ticks[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return digits if math.isclose(round(step, digits), step) else digits + 1


def x_axis(title: str, frame: Frame, ticks: Sequence[float]) -> Axis:
    """Return the axis along the bottom, from the first tick to the last."""
    return _axis(title, frame.x, ticks)


def y_axis(title: str, frame: Frame, ticks: Sequence[float]) -> Axis:
    """Return the axis at the left, from the first tick to the last."""
    return _axis(title, frame.y, ticks)


def _axis(title: str, pixel: Callable[[float], str], ticks: Sequence[float]) -> Axis:
    low, high, digits = ticks[0], ticks[-1], digits_of(ticks)
    placed = (Tick(pixel((each - low) / (high - low)), number(each, digits)) for each in ticks)
    return Axis(title, tuple(placed), low, high)


SQUARE = Frame(430, 426)  # both axes are equally long
UNIT = tuple(share / 5 for share in range(6))  # 0 to 1 in fifths
