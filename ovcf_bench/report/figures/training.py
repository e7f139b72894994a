"""Training loss by epoch: one plot for each arm, one line for each network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ovcf_bench.report.figures.plot import Axis, Frame, Plot, Series, Style, Tick
from ovcf_bench.report.format import number
from ovcf_bench.report.read import Epoch

_FRAME = Frame(430, 290)
_STEPS = (1, 2, 2.5, 5, 10)
_FEW_EPOCHS = 25  # up to here every epoch gets a dot

Network = tuple[int, int]  # repeat, fold


def training_plots(history: Sequence[Epoch]) -> list[Plot]:
    """Return the plots of all arms on common axes."""
    by_arm: dict[str, dict[Network, list[Epoch]]] = {}
    for row in history:
        by_arm.setdefault(row.arm, {}).setdefault((row.repeat, row.fold), []).append(row)
    if not by_arm:
        return []
    epochs = max(row.epoch for row in history)
    losses = nice_ticks(max(row.loss for row in history))
    return [_plot(arm, networks, position, epochs, losses) for position, (arm, networks) in enumerate(by_arm.items())]


def nice_ticks(highest: float, wanted: int = 4) -> list[float]:
    """Return round ticks from 0 to at least `highest`, about `wanted` steps apart."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(highest / wanted))
    step = next(step * power for step in _STEPS if step * power * wanted >= highest * 0.999)
    return [step * index for index in range(math.ceil(highest / step - 1e-9) + 1)]


def _digits(step: float) -> int:
    """Return how many decimals tell ticks this far apart from each other."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return digits if math.isclose(round(step, digits), step) else digits + 1


def _plot(
    arm: str, networks: Mapping[Network, Sequence[Epoch]], position: int, epochs: int, losses: Sequence[float]
) -> Plot:
    series = tuple(_line(network, rows, epochs, losses[-1]) for network, rows in networks.items())
    ends = "; ".join(f"{one.label}: {_in_words(rows)}" for one, rows in zip(series, networks.values(), strict=True))
    digits = _digits(losses[1])
    return Plot(
        id=f"training-{position}",
        title=arm,
        text=f"Training loss of {arm} by epoch. {ends}.",
        frame=_FRAME,
        x=Axis("Epoch", tuple(Tick(_FRAME.x(_at(epoch, epochs)), str(epoch)) for epoch in _shown(epochs))),
        y=Axis("Training loss", tuple(Tick(_FRAME.y(loss / losses[-1]), number(loss, digits)) for loss in losses)),
        series=series,
    )


def _line(network: Network, rows: Sequence[Epoch], epochs: int, top: float) -> Series:
    repeat, fold = network
    points = [(_at(row.epoch, epochs), row.loss / top) for row in rows]
    dots = tuple((_FRAME.x(x), _FRAME.y(y)) for x, y in points) if len(points) <= _FEW_EPOCHS else ()
    return Series(
        label=f"fold {fold + 1}" + (f", repeat {repeat + 1}" if repeat else ""),
        style=Style(fold, repeat),
        path=_FRAME.path(points),
        dots=dots,
    )


def _in_words(rows: Sequence[Epoch]) -> str:
    first, last = rows[0], rows[-1]
    return f"{number(first.loss)} in epoch {first.epoch}, {number(last.loss)} in epoch {last.epoch}"


def _at(epoch: int, epochs: int) -> float:
    """Return where an epoch stands: the first at a small distance from the axis, the last at the end."""
    return (epoch - 0.5) / (epochs - 0.5) if epochs > 1 else 0.5


def _shown(epochs: int) -> list[int]:
    step = max(1, math.ceil(epochs / 10))
    return [epoch for epoch in range(1, epochs + 1) if epoch % step == 0]
