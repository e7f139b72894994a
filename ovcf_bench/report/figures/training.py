"""Training loss by epoch: one plot for each arm, one line for each network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ovcf_bench.report.figures.plot import Axis, Frame, Plot, Series, Style, Tick
from ovcf_bench.report.figures.ticks import nice_ticks, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import number
from ovcf_bench.report.read import Epoch

_FRAME = Frame(430, 290)
_FEW_EPOCHS = 25  # up to here every epoch gets a dot

COLUMNS = ("epoch", "training loss")
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


def _plot(
    arm: str, networks: Mapping[Network, Sequence[Epoch]], position: int, epochs: int, losses: Sequence[float]
) -> Plot:
    series = tuple(_line(network, rows, epochs, losses[-1]) for network, rows in networks.items())
    ends = "; ".join(f"{one.label}: {_in_words(rows)}" for one, rows in zip(series, networks.values(), strict=True))
    return Plot(
        id=f"training-{position}",
        title=arm,
        text=f"Training loss of {arm} by epoch. {ends}.",
        frame=_FRAME,
        x=_epochs(epochs),
        y=y_axis("Training loss", _FRAME, losses),
        series=series,
    )


def _epochs(epochs: int) -> Axis:
    """Return the axis; its ends are where `_at` is 0 and 1."""
    ticks = tuple(Tick(_FRAME.x(_at(epoch, epochs)), str(epoch)) for epoch in _shown(epochs))
    return Axis("Epoch", ticks, 0.5, float(epochs)) if epochs > 1 else Axis("Epoch", ticks, 0.5, 1.5)


def training_values(history: Sequence[Epoch]) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of all plots."""
    arms = list(dict.fromkeys(row.arm for row in history))
    for row in history:
        yield arms.index(row.arm), _name((row.repeat, row.fold)), row.epoch, row.loss


def _name(network: Network) -> str:
    repeat, fold = network
    return f"fold {fold + 1}" + (f", repeat {repeat + 1}" if repeat else "")


def _line(network: Network, rows: Sequence[Epoch], epochs: int, top: float) -> Series:
    repeat, fold = network
    points = [(_at(row.epoch, epochs), row.loss / top) for row in rows]
    dots = tuple((_FRAME.x(x), _FRAME.y(y)) for x, y in points) if len(points) <= _FEW_EPOCHS else ()
    return Series(
        label=_name(network),
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
