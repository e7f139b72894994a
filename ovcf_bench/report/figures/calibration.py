"""How often cases of each probability are positive: one plot for each set, a curve and ten groups for each arm."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import CalibrationCurve
from ovcf_bench.findings.values import SetFindings
from ovcf_bench.report.figures.plot import Frame, Plot, Series, Style, arm_style
from ovcf_bench.report.figures.ticks import UNIT, nice_ticks, x_axis, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import count, number

_FRAME = Frame(430, 426)
_BARS = Frame(430, 150, bottom=40)
COLUMNS = ("probability", "share of positives", "low", "high", "cases")
BAR_COLUMNS = ("probability from", "cases")


def calibration_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm gives probabilities."""
    curves = _curves(found)
    if not curves:
        return None
    series = tuple(_series(arm, curve, at) for at, arm, curve in curves)
    said = "; ".join(f"{arm}: {_words(curve)}" for _, arm, curve in curves)
    return Plot(
        id=f"calibration-{position}",
        title=name,
        text=f"Share of positives against probability on {name}; the diagonal is perfect. {said}.",
        frame=_FRAME,
        x=x_axis("Probability", _FRAME, UNIT),
        y=y_axis("Share of positives", _FRAME, UNIT),
        series=series,
        chance=True,
    )


def calibration_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the groups with their intervals."""
    for _, arm, curve in _curves(found):
        for each in curve.bins:
            yield position, arm, each.predicted, each.observed, each.ci[0], each.ci[1], each.n


def histogram_plots(name: str, found: SetFindings, position: int) -> Iterator[Plot]:
    """Yield, for each arm, how many cases of each class have which probability."""
    for at, arm, curve in _curves(found):
        ticks = nice_ticks(max(max(pair) for pair in curve.histogram), 2)
        width = 1 / len(curve.histogram)
        series = tuple(
            Series(
                label=label,
                style=style,
                bars="".join(
                    _bar(left * width + shift * width / 2, width / 2, pair[place] / ticks[-1])
                    for left, pair in enumerate(curve.histogram)
                    if pair[place]
                ),
            )
            for place, (label, style, shift) in enumerate((("negative", Style(5, 0), 0), ("positive", Style(1, 0), 1)))
        )
        yield Plot(
            id=f"histogram-{position}-{at}",
            title=f"{arm}, {name}",
            text=f"Probabilities of {arm} on {name}: {_bars(curve)}.",
            frame=_BARS,
            x=x_axis("Probability", _BARS, UNIT),
            y=y_axis("Cases", _BARS, ticks),
            series=series,
        )


def histogram_values(found: SetFindings, panel: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the bars of the arms of a set, whose first panel is number `panel`."""
    for number_of, (_, _arm, curve) in enumerate(_curves(found)):
        width = 1 / len(curve.histogram)
        for place, label in enumerate(("negative", "positive")):
            for at, pair in enumerate(curve.histogram):
                yield panel + number_of, label, (at + 0.25 + place / 2) * width, pair[place]


def _bar(left: float, width: float, height: float) -> str:
    return _BARS.area([(left, height), (left + width, height)], [(left, 0), (left + width, 0)])


def _curves(found: SetFindings) -> list[tuple[int, str, CalibrationCurve]]:
    return [
        (at, arm, result.calibration.curve)
        for at, (arm, result) in enumerate(found.arms.items())
        if result.calibration.curve is not None
    ]


def _series(arm: str, curve: CalibrationCurve, at: int) -> Series:
    smooth = list(zip(curve.predicted, curve.observed, strict=True))
    return Series(
        label=arm,
        style=arm_style(at),
        path=_FRAME.path(smooth) if smooth else "",
        dots=tuple((_FRAME.x(each.predicted), _FRAME.y(each.observed)) for each in curve.bins),
        whiskers=_FRAME.whiskers([(each.predicted, *each.ci) for each in curve.bins]),
    )


def _words(curve: CalibrationCurve) -> str:
    return ", ".join(
        f"{number(each.observed, 2)} at {number(each.predicted, 2)} ({count(each.n)} cases)" for each in curve.bins
    )


def _bars(curve: CalibrationCurve) -> str:
    halves = len(curve.histogram) // 2
    sums = [
        [sum(pair[place] for pair in part) for place in (0, 1)]
        for part in (curve.histogram[:halves], curve.histogram[halves:])
    ]
    return (
        f"below .5 {count(sums[0][0])} negatives and {count(sums[0][1])} positives, "
        f"from .5 {count(sums[1][0])} negatives and {count(sums[1][1])} positives"
    )
