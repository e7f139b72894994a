"""Net benefit against threshold probability: one plot for each set, with treating all and treating nobody."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import NetBenefit
from ovcf_bench.findings.values import SetFindings
from ovcf_bench.report.figures.plot import Frame, Plot, Series, Style, arm_style
from ovcf_bench.report.figures.ticks import nice_ticks, x_axis, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import number

_FRAME = Frame(430, 330)
_SHOWN = (0.1, 0.3, 0.5)
COLUMNS = ("threshold probability", "net benefit", "of treating all")


def net_benefit_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set at its own prevalence; nothing when no arm gives probabilities."""
    curves = {
        arm: result.calibration.net_benefit[0] for arm, result in found.arms.items() if result.calibration.net_benefit
    }
    if not curves:
        return None
    first = next(iter(curves.values()))
    ticks = nice_ticks(max(max(first.treat_all), *(max(each.model) for each in curves.values())))
    series = [_line(arm, each.thresholds, each.model, ticks[-1], arm_style(at)) for at, (arm, each) in
              enumerate(curves.items())]  # fmt: skip
    everybody = _line("treat all", first.thresholds, first.treat_all, ticks[-1], Style(7, 2))
    return Plot(
        id=f"net-benefit-{position}",
        title=f"{name} (prevalence {found.positives / found.n:.2f})" if found.n else name,
        text=f"Net benefit on {name}. {'; '.join(_words(arm, each) for arm, each in curves.items())}.",
        frame=_FRAME,
        x=x_axis("Threshold probability", _FRAME, [each / 4 for each in range(5)]),
        y=y_axis("Net benefit", _FRAME, ticks),
        series=(*series, everybody),
    )


def net_benefit_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set, below 0 too."""
    for arm, result in found.arms.items():
        for curve in result.calibration.net_benefit[:1]:
            points = zip(curve.thresholds, curve.model, curve.treat_all, strict=True)
            yield from ((position, arm, threshold, value, treat_all) for threshold, value, treat_all in points)


def _line(label: str, thresholds: tuple[float, ...], values: tuple[float, ...], top: float, style: Style) -> Series:
    """Return the curve above 0: treating nobody, the axis itself, is better than anything below it."""
    points = [(threshold, max(value, 0.0) / top) for threshold, value in zip(thresholds, values, strict=True)]
    return Series(label=label, style=style, path=_FRAME.path(points))


def _words(arm: str, curve: NetBenefit) -> str:
    near = [min(range(len(curve.thresholds)), key=lambda at: abs(curve.thresholds[at] - wanted)) for wanted in _SHOWN]
    told = ", ".join(f"{number(curve.model[at])} at {number(curve.thresholds[at], 2)}" for at in near)
    return f"{arm}: {told}"
