"""Ticks at round values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ovcf_bench.report.kit.plot import Axis, Frame, Tick
from ovcf_bench.wording import number

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
    low, high, digits = ticks[0], ticks[-1], digits_of(ticks)
    placed = (Tick(frame.x((each - low) / (high - low)), number(each, digits)) for each in ticks)
    return Axis(title, tuple(placed), low, high)


def y_axis(title: str, frame: Frame, ticks: Sequence[float]) -> Axis:
    """Return the axis at the left, from the first tick to the last."""
    low, high, digits = ticks[0], ticks[-1], digits_of(ticks)
    placed = (Tick(frame.y((each - low) / (high - low)), number(each, digits)) for each in ticks)
    return Axis(title, tuple(placed), low, high)


UNIT = tuple(share / 5 for share in range(6))  # 0 to 1 in fifths
