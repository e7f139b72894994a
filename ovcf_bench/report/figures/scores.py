"""The scores of two arms for the same cases: where the views disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovcf_bench.findings.secondary import Agreement, Decisions
from ovcf_bench.findings.values import ComparisonFindings
from ovcf_bench.report.figures.plot import Axis, Frame, Plot, Series, Style
from ovcf_bench.report.figures.ticks import UNIT, span_ticks, x_axis, y_axis
from ovcf_bench.report.figures.values import CsvCell
from ovcf_bench.report.format import count, number

_FRAME = Frame(430, 426)
COLUMNS = ("score of the first arm", "score of the second arm")
_CLASSES = ((0, "negative", Style(5, 0)), (1, "positive", Style(1, 0)))


def score_plot(name: str, one: ComparisonFindings, position: int) -> Plot | None:
    """Return the plot of one comparison on one set; nothing without pairs. Guides are the thresholds."""
    found = one.agreement
    if found is None or not found.labels:
        return None
    x = x_axis(f"Score of {one.a}", _FRAME, _ticks(found.scores_a))
    y = y_axis(f"Score of {one.b}", _FRAME, _ticks(found.scores_b))
    guides = []
    if found.threshold_a is not None and 0 <= _share(found.threshold_a, x) <= 1:
        guides.append(_FRAME.path([(_share(found.threshold_a, x), 0), (_share(found.threshold_a, x), 1)]))
    if found.threshold_b is not None and 0 <= _share(found.threshold_b, y) <= 1:
        guides.append(_FRAME.path([(0, _share(found.threshold_b, y)), (1, _share(found.threshold_b, y))]))
    series = tuple(
        Series(
            label=label,
            style=style,
            cloud=_FRAME.cloud([(_share(a, x), _share(b, y)) for a, b in _of_class(found, value)]),
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


def _ticks(scores: Sequence[float]) -> Sequence[float]:
    """Return 0 to 1 for probabilities, and what holds them for other scores."""
    low, high = min(scores), max(scores)
    return UNIT if low >= 0 and high <= 1 else span_ticks(low, high)


def _share(value: float, axis: Axis) -> float:
    return (value - axis.low) / (axis.high - axis.low)


def score_values(one: ComparisonFindings, position: int) -> Iterator[tuple[CsvCell, ...]]:
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
