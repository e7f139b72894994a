"""Table 1: who the patients are, by split and label."""

from __future__ import annotations

from collections.abc import Sequence

from ovcf_bench.findings.values import CovariateSummary, Findings, GroupSummary, SplitSummary
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, cells, numeric
from ovcf_bench.report.format import NONE, count, number, per_cent
from ovcf_bench.report.read import Flow

_NOTE = "Values are mean (SD) with median [quartiles], or number (share). SMD: standardised mean difference."


def characteristics_table(findings: Findings, flow: Flow | None) -> Table | None:
    """Return Table 1; nothing when the study declares no covariates."""
    footnotes = Footnotes()
    splits = next((tuple(one.splits) for one in findings.table1 if one.splits), ())
    if not splits:
        return None
    groups = [Group("", (_patients(flow, splits),))] if flow and all(split in flow.splits for split in splits) else []
    groups += [_covariate(one, splits, footnotes) for one in findings.table1]
    columns = [Column("Characteristic", numeric=False)]
    for split in splits:
        columns += numeric("Positive", "Negative", "SMD", spanner=split)
    caption = "Characteristics of the patients by split and label."
    return Table("characteristics", caption, tuple(columns), tuple(groups), (_NOTE,), footnotes.all())


def _patients(flow: Flow, splits: Sequence[str]) -> Row:
    found = [flow.splits[split] for split in splits]
    return Row(
        "Patients", tuple(cell for one in found for cell in cells(count(one.positives), count(one.negatives), ""))
    )


def _covariate(one: CovariateSummary, splits: Sequence[str], footnotes: Footnotes) -> Group:
    if not one.splits:
        empty = [Cell(NONE, note=footnotes.letter(one.reason)), *cells(*[NONE] * (3 * len(splits) - 1))]
        return Group("", (Row(one.name, tuple(empty)),))
    found = [one.splits[split] for split in splits]
    head, rows = (
        ("", [_moments(one.name, found, footnotes)]) if one.kind == "numeric" else (one.name, _levels(found, footnotes))
    )
    if any(group.missing for each in found for group in (each.positives, each.negatives)):
        rows.append(_missing(found, "missing" if head else f"{one.name}, missing"))
    return Group(head, tuple(rows))


def _smd(found: SplitSummary, footnotes: Footnotes) -> Cell:
    return Cell(number(found.smd, 2), note=footnotes.letter(found.reason))


def _moments(name: str, found: Sequence[SplitSummary], footnotes: Footnotes) -> Row:
    values: list[Cell] = []
    for each in found:
        values += [_mean(each.positives), _mean(each.negatives), _smd(each, footnotes)]
    return Row(name, tuple(values))


def _mean(group: GroupSummary) -> Cell:
    if group.mean is None:
        return Cell(NONE)
    sd = f" ({number(group.sd, 1)})" if group.sd is not None else ""
    quartiles = f"{number(group.median, 1)} [{number(group.q1, 1)} to {number(group.q3, 1)}]"
    return Cell(f"{number(group.mean, 1)}{sd}", detail=quartiles)


def _levels(found: Sequence[SplitSummary], footnotes: Footnotes) -> list[Row]:
    rows = []
    for position, level in enumerate(each.level for each in found[0].all.levels):
        values: list[Cell] = []
        for each in found:
            values += [_share(each.positives, position), _share(each.negatives, position)]
            values.append(_smd(each, footnotes) if position == 0 else Cell(""))
        rows.append(Row(level, tuple(values)))
    return rows


def _share(group: GroupSummary, position: int) -> Cell:
    level = group.levels[position]
    return Cell(count(level.n) + (f" ({per_cent(level.share)})" if level.share is not None else ""))


def _missing(found: Sequence[SplitSummary], head: str) -> Row:
    texts = [text for each in found for text in (count(each.positives.missing), count(each.negatives.missing), "")]
    return Row(head, cells(*texts))
