"""Precision against recall: one plot for each set, at its own prevalence."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import ArmFindings, SetFindings
from ovcf_bench.report.figures.plot import Frame, Plot, Series, arm_style
from ovcf_bench.report.figures.ticks import UNIT, x_axis, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import interval, number

_FRAME = Frame(430, 426)
COLUMNS = ("recall", "precision", "threshold")


def precision_recall_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm has a curve. The guide, the prevalence, is chance."""
    series = tuple(
        Series(arm, arm_style(at), _FRAME.path([(x, y) for x, y, _ in _points(result)]), _detail(result))
        for at, (arm, result) in enumerate(found.arms.items())
        if result.roc is not None and result.positives
    )
    if not series or not found.n:
        return None
    chance = _FRAME.path([(0, found.positives / found.n), (1, found.positives / found.n)])
    said = "; ".join(f"{one.label}, {one.detail}" for one in series)
    return Plot(
        id=f"precision-recall-{position}",
        title=f"{name} (prevalence {number(found.positives / found.n, 2)})",
        text=f"Precision against recall on {name}. {said}.",
        frame=_FRAME,
        x=x_axis("Recall (sensitivity)", _FRAME, UNIT),
        y=y_axis("Precision (PPV)", _FRAME, UNIT),
        series=series,
        guides=(chance,),
    )


def precision_recall_values(found: SetFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
    """Yield the points of the curves of a set."""
    for arm, result in found.arms.items():
        if result.roc is not None and result.positives:
            yield from ((position, arm, *point) for point in _points(result))


def _points(result: ArmFindings) -> Iterator[tuple[float, float, float | None]]:
    """Yield (recall, precision, threshold); where nothing is called positive there is no precision."""
    roc = result.roc
    assert roc is not None
    for threshold, tp, fp in zip(roc.threshold, roc.tp, roc.fp, strict=True):
        if tp + fp:
            yield tp / result.positives, tp / (tp + fp), threshold


def _detail(result: ArmFindings) -> str:
    found = result.curve.average_precision
    return f"average precision {number(found.value)}" + (f" ({interval(found.ci)})" if found.ci else "")
