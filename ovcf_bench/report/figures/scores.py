"""The scores of two arms for the same cases: where the views disagree."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import Agreement, Decisions
from ovcf_bench.findings.values import ComparisonFindings
from ovcf_bench.report.figures.plot import Frame, Plot, Series, Style
from ovcf_bench.report.figures.ticks import UNIT, span_ticks, x_axis, y_axis
from ovcf_bench.report.figures.values import Cell
from ovcf_bench.report.format import count, number

_FRAME = Frame(430, 426)
COLUMNS = ("score of the first arm", "score of the second arm")
_CLASSES = ((0, "negative", Style(5, 0)), (1, "positive", Style(1, 0)))


def score_plot(name: str, one: ComparisonFindings, position: int) -> Plot | None:
    """Return the plot of one comparison on one set; nothing without pairs. Guides are the thresholds."""
    found = one.agreement
    if found is None or not found.labels:
        return None
    low = min(0.0, *found.scores_a, *found.scores_b)
    high = max(1.0, *found.scores_a, *found.scores_b)
    ticks = UNIT if (low, high) == (0, 1) else span_ticks(low, high)
    x, y = x_axis(f"Score of {one.a}", _FRAME, ticks), y_axis(f"Score of {one.b}", _FRAME, ticks)

    def share(value: float) -> float:
        return (value - ticks[0]) / (ticks[-1] - ticks[0])

    guides = []
    if found.threshold_a is not None and ticks[0] <= found.threshold_a <= ticks[-1]:
        guides.append(_FRAME.path([(share(found.threshold_a), 0), (share(found.threshold_a), 1)]))
    if found.threshold_b is not None and ticks[0] <= found.threshold_b <= ticks[-1]:
        guides.append(_FRAME.path([(0, share(found.threshold_b)), (1, share(found.threshold_b))]))
    series = tuple(
        Series(
            label=label,
            style=style,
            cloud=_FRAME.cloud([(share(a), share(b)) for a, b in _of_class(found, value)]),
            detail=_detail(found, value),
            square=bool(value),
        )
        for value, label, style in _CLASSES
    )
    return Plot(
        id=f"scores-{position}",
        title=f"{one.a} and {one.b}, {name}",
        text=f"Scores of {one.a} and {one.b} on {name}, {count(one.n)} cases. {_words(found, one)}",
        frame=_FRAME,
        x=x,
        y=y,
        series=series,
        guides=tuple(guides),
    )


def score_values(one: ComparisonFindings, position: int) -> Iterator[tuple[Cell, ...]]:
    """Yield the points of a plot."""
    if one.agreement is not None:
        for value, label, _ in _CLASSES:
            yield from ((position, label, a, b) for a, b in _of_class(one.agreement, value))


def _of_class(found: Agreement, wanted: int) -> Iterator[tuple[float, float]]:
    rows = zip(found.labels, found.scores_a, found.scores_b, strict=True)
    return ((a, b) for label, a, b in rows if label == wanted)


def _detail(found: Agreement, value: int) -> str:
    correlation = (found.correlation_negatives, found.correlation_positives)[value].value
    return f"Spearman’s r within the class {number(correlation, 2)}"


def _words(found: Agreement, one: ComparisonFindings) -> str:
    if found.positives is None or found.negatives is None:
        return "No threshold divides them."
    return (
        f"Of the positives {_told(found.positives, one)}; of the negatives {_told(found.negatives, one)}. "
        "Lines are the thresholds."
    )


def _told(found: Decisions, one: ComparisonFindings) -> str:
    return (
        f"{count(found.both)} are called rightly by both, {count(found.only_a)} by {one.a} alone, "
        f"{count(found.only_b)} by {one.b} alone, {count(found.neither)} by neither"
    )
