"""The frozen threshold of each arm: what it did in development, what it achieves on each test set."""

from __future__ import annotations

from collections.abc import Mapping

from ovcf_bench.findings.records import ArmFindings, Findings, Measure, Point
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Matrices, Matrix, Paragraph, Row, Table, unique
from ovcf_bench.report.format import NONE, count, interval, listed, number
from ovcf_bench.vocabulary import DEVELOPMENT

_MEASURES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "accuracy": "Accuracy",
    "f1": "F1",
}


def operating_blocks(findings: Findings) -> list[Table | Matrices | Paragraph]:
    """Return for each arm the table of its measures and its confusion matrices, or why it has none."""
    blocks: list[Table | Matrices | Paragraph] = []
    for position, arm in enumerate(each.name for each in findings.study.arms):
        results = {name: found.arms[arm] for name, found in findings.sets.items() if arm in found.arms}
        points = [result.operating_point for result in results.values()]
        if all(point.threshold is None for point in points):
            reasons = listed(unique(point.reason for point in points)) or "no test set has scores of it"
            blocks.append(Paragraph(f"{arm} has no operating point: {reasons}."))
            continue
        blocks.append(_table(arm, results, position))
        blocks.append(_matrices(arm, results, position))
    return blocks


def _table(arm: str, results: Mapping[str, ArmFindings], position: int) -> Table:
    footnotes = Footnotes()
    first = next(iter(results.values())).operating_point
    columns = [(DEVELOPMENT, "fitted here", first.development, first.reason)]
    columns += [
        (name, "achieved", one.operating_point.achieved, one.operating_point.reason) for name, one in results.items()
    ]
    rows = tuple(
        Row(label, tuple(_measure(measure, point, reason, footnotes) for _, _, point, reason in columns))
        for measure, label in _MEASURES.items()
    )
    methods = unique(
        getattr(point, measure).ci_method for _, _, point, _ in columns if point is not None for measure in _MEASURES
    )
    notes = [f"Beneath each value: 95 % interval ({listed(methods)}) and counts."] if methods else []
    if first.optimistic:
        notes.append("The development column is optimistic: the checkpoints were chosen on the same folds.")
    how = f"{first.rule}, fitted on {first.fitted_on}"
    return Table(
        id=f"operating-{position}",
        caption=f"{arm} at its frozen threshold of {number(first.threshold)}: {how}.",
        columns=(
            Column("Measure", numeric=False),
            *(Column(name, spanner=word) for name, word, _, _ in columns),
        ),
        groups=(Group("", rows),),
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


def _measure(name: str, point: Point | None, absence: str, footnotes: Footnotes) -> Cell:
    if point is None:
        return Cell(NONE, note=footnotes.letter(absence))
    measure: Measure = getattr(point, name)
    parts = [interval(measure.ci)] if measure.ci else []
    if measure.n:
        parts.append(f"{count(measure.count)}/{count(measure.n)}")
    return Cell(number(measure.value), detail=" · ".join(parts), note=footnotes.letter(measure.reason))


def _matrices(arm: str, results: Mapping[str, ArmFindings], position: int) -> Matrices:
    points = {DEVELOPMENT: next(iter(results.values())).operating_point.development}
    points |= {name: result.operating_point.achieved for name, result in results.items()}
    drawn = [
        Matrix(f"{arm} on {name}", *(count(each) for each in (point.tp, point.fn, point.fp, point.tn)))
        for name, point in points.items()
        if point is not None
    ]
    return Matrices(f"confusion-{position}", tuple(drawn))
