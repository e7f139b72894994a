"""ROC curves of all arms on one test set, each with its confidence band and its frozen operating point."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import ArmFindings, SetFindings
from ovcf_bench.report.figures.plot import Frame, Plot, Series, arm_style
from ovcf_bench.report.figures.ticks import UNIT, x_axis, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import interval, listed, number

_FRAME = Frame(430, 426)
MOST_BANDS = 3  # arms; more bands than that hide each other
COLUMNS = ("1 - specificity", "sensitivity", "threshold", "true positives", "false positives", "band low", "band high")


def roc_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm has a curve."""
    series = tuple(_curves(found))
    if not series:
        return None
    said = "; ".join(f"{one.label}, {one.detail}" for one in series)
    return Plot(
        id=f"roc-{position}",
        title=name,
        text=f"ROC curves on {name}, sensitivity against 1 − specificity. {said}.",
        frame=_FRAME,
        x=x_axis("1 − specificity", _FRAME, UNIT),
        y=y_axis("Sensitivity", _FRAME, UNIT),
        series=series,
        chance=True,
    )


def roc_values(name: str, found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set, and the limits of their bands at points of their own."""
    for arm, result in found.arms.items():
        if result.roc is None:
            continue
        counts = zip(result.roc.threshold, result.roc.tp, result.roc.fp, strict=True)
        for threshold, tp, fp in counts:
            yield position, arm, fp / result.negatives, tp / result.positives, threshold, tp, fp, None, None
        band = result.curve.band
        for at, low, high in zip(band.at, band.low, band.high, strict=True) if band else ():
            yield position, arm, at, None, None, None, None, low, high


def _curves(found: SetFindings) -> Iterator[Series]:
    drawn = [result for result in found.arms.values() if result.roc is not None]
    for position, (arm, result) in enumerate(found.arms.items()):
        if result.roc is None or not result.positives or not result.negatives:
            continue
        counts = zip(result.roc.fp, result.roc.tp, strict=True)
        points = [(fp / result.negatives, tp / result.positives) for fp, tp in counts]
        achieved = result.operating_point.achieved
        mark = (achieved.fp / result.negatives, achieved.tp / result.positives) if achieved else None
        band = result.curve.band if len(drawn) <= MOST_BANDS else None
        yield Series(
            label=arm,
            style=arm_style(position),
            path=_FRAME.path(points),
            detail=_detail(result),
            marks=((_FRAME.x(mark[0]), _FRAME.y(mark[1])),) if mark else (),
            area=_FRAME.area([*zip(band.at, band.high, strict=True)], [*zip(band.at, band.low, strict=True)])
            if band
            else "",
        )


def _detail(result: ArmFindings) -> str:
    parts = [f"AUROC {number(result.auroc)}" + (f" ({interval(result.ci)})" if result.ci else "")]
    if result.operating_point.achieved:
        point = result.operating_point.achieved
        rates = [f"sensitivity {number(point.sensitivity.value)}", f"specificity {number(point.specificity.value)}"]
        parts.append(f"frozen point: {listed(rates)}")
    return "; ".join(parts)
