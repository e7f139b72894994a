"""ROC curves of all arms on one test set, each with its frozen operating point."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import ArmFindings, SetFindings
from ovcf_bench.report.figures.plot import Axis, Frame, Plot, Series, Tick, arm_style
from ovcf_bench.report.format import interval, listed, number

_FRAME = Frame(430, 426)


def roc_plot(name: str, found: SetFindings, position: int) -> Plot | None:
    """Return the plot of a set; nothing when no arm has a curve."""
    series = tuple(_curves(found))
    if not series:
        return None
    ticks = [(share / 5, number(share / 5, 1)) for share in range(6)]
    said = "; ".join(f"{one.label}, {one.detail}" for one in series)
    return Plot(
        id=f"roc-{position}",
        title=name,
        text=f"ROC curves on {name}, sensitivity against 1 − specificity. {said}.",
        frame=_FRAME,
        x=Axis("1 − specificity", tuple(Tick(_FRAME.x(at), label) for at, label in ticks)),
        y=Axis("Sensitivity", tuple(Tick(_FRAME.y(at), label) for at, label in ticks)),
        series=series,
        chance=True,
    )


def _curves(found: SetFindings) -> Iterator[Series]:
    for position, (arm, result) in enumerate(found.arms.items()):
        if result.roc is None or not result.positives or not result.negatives:
            continue
        counts = zip(result.roc.fp, result.roc.tp, strict=True)
        points = [(fp / result.negatives, tp / result.positives) for fp, tp in counts]
        achieved = result.operating_point.achieved
        mark = (achieved.fp / result.negatives, achieved.tp / result.positives) if achieved else None
        yield Series(
            label=arm,
            style=arm_style(position),
            path=_FRAME.path(points),
            detail=_detail(result),
            marks=((_FRAME.x(mark[0]), _FRAME.y(mark[1])),) if mark else (),
        )


def _detail(result: ArmFindings) -> str:
    parts = [f"AUROC {number(result.auroc)}" + (f" ({interval(result.ci)})" if result.ci else "")]
    if result.operating_point.achieved:
        point = result.operating_point.achieved
        rates = [f"sensitivity {number(point.sensitivity.value)}", f"specificity {number(point.specificity.value)}"]
        parts.append(f"frozen point: {listed(rates)}")
    return "; ".join(parts)
