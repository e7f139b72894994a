"""What changed between several runs, with their AUROCs in neighbouring columns."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.records import ListedRun, RunAuroc, SideBySide
from ovcf_bench.report.kit.blocks import Block, Items, Paragraph, Section
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual
from ovcf_bench.wording import NONE, count, interval, joined, number

_OWN = (
    "As each run found them, with its own intervals. Differences are tested under Comparisons, and only where the "
    "exams and labels of a set are the same."
)


def what_changed(record: SideBySide) -> Section:
    """Return the section: the runs, what differs from the first one, AUROCs, and which sets were tested."""
    tested = Items(tuple(("", each.sentence) for each in record.shared))
    blocks = (
        _runs_table(record),
        *(block for run in record.runs[1:] for block in _differences(run)),
        _auroc_table(record),
        tested if record.shared else Paragraph("No run has a test set in common with run 1, so nothing was tested."),
    )
    return Section("what-changed", "What changed", blocks)


def _runs_table(record: SideBySide) -> Table:
    rows = tuple(
        Row(f"Run {run.number}", cells(run.name, run.title, joined(run.synthetic) if run.synthetic else NONE))
        for run in record.runs
    )
    return Table("runs", "The runs.", textual("Run", "Folder", "Title", "Synthetic cohorts"), (Group("", rows),))


def _differences(run: ListedRun) -> Iterator[Block]:
    lines = (*(("Study:", line) for line in run.study), *(("Program:", line) for line in run.program))
    if not lines:
        yield Paragraph(f"Run {run.number} differs from run 1 in nothing that is recorded of study and program.")
        return
    yield Paragraph(f"Run {run.number} differs from run 1 in:")
    yield Items(lines)


def _auroc_table(record: SideBySide) -> Table:
    footnotes = Footnotes()
    sets: dict[str, dict[str, None]] = {}
    for run in record.runs:
        for name, arms in run.aurocs.items():
            sets.setdefault(name, {}).update(dict.fromkeys(arms))
    groups = tuple(
        Group(
            name,
            tuple(
                Row(arm, tuple(_auroc(run.aurocs.get(name, {}).get(arm), footnotes) for run in record.runs))
                for arm in arms
            ),
        )
        for name, arms in sets.items()
    )
    columns = (*textual("Arm"), *numeric(*(f"Run {run.number}" for run in record.runs)))
    return Table("runs-auroc", "AUROC by run.", columns, groups, notes=(_OWN,), footnotes=footnotes.all())


def _auroc(found: RunAuroc | None, footnotes: Footnotes) -> Cell:
    if found is None:
        return Cell(NONE, note=footnotes.letter("the run has no such arm on such a set"))
    detail = f"{interval(found.ci)}; n = {count(found.n)}"
    return Cell(number(found.auroc), detail=detail, note=footnotes.letter(found.reason), strong=True)
