"""The frozen thresholds and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ovcf_bench.findings.analysis import OUT_OF_FOLD
from ovcf_bench.findings.thresholds import BEFOREHAND
from ovcf_bench.findings.values import ArmFindings, Findings, Measure, Point, Valued
from ovcf_bench.report.kit.blocks import Matrices, Matrix, Paragraph, Section
from ovcf_bench.report.kit.by_set import all_arms, all_comparisons
from ovcf_bench.report.kit.table import Cell, Column, Footnotes, Group, Row, Table, textual, unique, valued
from ovcf_bench.report.read import RunRecords
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import NONE, count, joined, number

_AT_PREVALENCE = "PPV, NPV, accuracy and F1 hold at the prevalence of each set unless another one is named."
_FROM_DEVELOPMENT = (
    "The threshold of an arm is fitted on scores of development, then frozen. Where development scores come from "
    "single networks and test scores from their ensemble, the same threshold may act otherwise, so both stand side by "
    f"side. {_AT_PREVALENCE}"
)


def operating_points(run: RunRecords) -> Section:
    """Return the section."""
    fitted = any(found.n for found in run.findings.development.values())
    text = _FROM_DEVELOPMENT if fitted else _AT_PREVALENCE
    return Section("operating-points", "Operating points", (Paragraph(text), *operating_blocks(run.findings)))


def threshold_sentences(findings: Findings) -> Iterator[str]:
    """Yield what the methods text says of thresholds; nothing where none was applied."""
    if not any(arm.operating_point.achieved for arm in all_arms(findings)):
        return
    study = findings.study
    key = " [Youden1950]" if study.threshold == "Youden index" else ""
    where = f"{study.fitted_on} and then frozen" if study.fitted_on else "each set itself, which flatters it"
    yield f"The threshold of each arm ({study.threshold}{key}) was fitted on {where}."
    yield "Proportions have Wilson intervals [Wilson1927], likelihood ratios those of the log method [Simel1991]."
    if any(one.measures for _, one in all_comparisons(findings)):
        yield (
            "Sensitivity, specificity and accuracy of two arms were compared on the same cases [McNemar1947; "
            "Newcombe1998], predictive values after [MoskowitzPepe2006; Kosinski2013]."
        )


_MEASURES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "accuracy": "Accuracy",
    "f1": "F1",
    "lr_positive": "LR+",
    "lr_negative": "LR−",
}

_Column = tuple[str, str, Point | None, str]  # set, what it is to the threshold, values, why there are none


def operating_blocks(findings: Findings) -> list[Table | Matrices | Paragraph]:
    """Return for each arm the table of its measures and its confusion matrices, or why it has none."""
    blocks: list[Table | Matrices | Paragraph] = []
    for position, arm in enumerate(each.name for each in findings.study.arms):
        results = {name: found.arms[arm] for name, found in findings.sets.items() if arm in found.arms}
        points = [result.operating_point for result in results.values()]
        if all(point.threshold is None for point in points):
            reasons = joined(unique(point.reason for point in points)) or "no test set has scores of it"
            blocks.append(Paragraph(f"{arm} has no operating point: {reasons}."))
            continue
        blocks.append(_table(findings, arm, results, position))
        blocks.append(_matrices(arm, results, position))
    return blocks


def _table(findings: Findings, arm: str, results: Mapping[str, ArmFindings], position: int) -> Table:
    footnotes = Footnotes()
    first = next(iter(results.values())).operating_point
    columns: list[_Column] = []
    if first.development is not None or findings.study.fitted_on == OUT_OF_FOLD:
        columns.append((DEVELOPMENT, "fitted here", first.development, first.reason))
    votes = [(name, "vote of the folds", one.operating_point.vote, "") for name, one in results.items()]
    columns += [
        (name, "achieved", one.operating_point.achieved, one.operating_point.reason) for name, one in results.items()
    ]
    columns += votes if any(point for _, _, point, _ in votes) else []
    rows = [
        Row(label, tuple(_cell(getattr(point, name, None), reason, footnotes) for _, _, point, reason in columns))
        for name, label in _MEASURES.items()
    ]
    rows += _at_prevalences(columns, footnotes)
    points = [point for _, _, point, _ in columns if point is not None]
    methods = unique(getattr(point, name).ci_method for point in points for name in _MEASURES)
    methods += unique(each.ppv.ci_method for point in points for each in point.at_prevalence)
    notes = [f"Beneath each value: 95 % interval ({joined(methods)}) and counts."] if methods else []
    if first.optimistic and findings.study.fitted_on:
        notes.append("The development column is optimistic: the checkpoints were chosen on the same folds.")
    elif first.optimistic:
        notes.append("These figures are optimistic: each set is judged at a threshold that was fitted on it.")
    fitted = "" if first.fitted_on == BEFOREHAND else "fitted on "
    how = f"{first.rule}, {fitted}{first.fitted_on}"
    word = "frozen " if findings.study.fitted_on else ""
    return Table(
        id=f"operating-{position}",
        caption=f"{arm} at its {word}threshold of {number(first.threshold)}: {how}.",
        columns=(
            *textual("Measure"),
            *(Column(name, spanner=word) for name, word, _, _ in columns),
        ),
        groups=(Group("", tuple(rows)),),
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


def _cell(found: Measure | Valued | None, absence: str, footnotes: Footnotes) -> Cell:
    if found is None:
        return Cell(NONE, note=footnotes.letter(absence))
    cell = valued(found, footnotes)
    if isinstance(found, Valued) or not found.n:
        return cell
    return replace(cell, detail=" · ".join(filter(None, (cell.detail, f"{count(found.count)}/{count(found.n)}"))))


def _at_prevalences(columns: Sequence[_Column], footnotes: Footnotes) -> Iterator[Row]:
    """Yield PPV and NPV at each declared prevalence; development has none."""
    found = [{each.prevalence: each for each in point.at_prevalence} if point else {} for _, _, point, _ in columns]
    for prevalence in sorted({each for values in found for each in values}):
        for measure, label in (("ppv", "PPV"), ("npv", "NPV")):
            cells = [
                _cell(getattr(values.get(prevalence), measure, None), reason, footnotes)
                for values, (_, _, _, reason) in zip(found, columns, strict=True)
            ]
            yield Row(f"{label} at prevalence {prevalence:g}", tuple(cells))


def _matrices(arm: str, results: Mapping[str, ArmFindings], position: int) -> Matrices:
    points = {DEVELOPMENT: next(iter(results.values())).operating_point.development}
    points |= {name: result.operating_point.achieved for name, result in results.items()}
    drawn = [
        Matrix(f"{arm} on {name}", *(count(each) for each in (point.tp, point.fn, point.fp, point.tn)))
        for name, point in points.items()
        if point is not None
    ]
    return Matrices(f"confusion-{position}", tuple(drawn))
