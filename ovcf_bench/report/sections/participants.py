"""Who took part: the flow, the characteristics, the proof that nothing leaks, the checks of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ovcf_bench.findings.values import CovariateSummary, Findings, GroupSummary, SplitSummary
from ovcf_bench.records import CheckResult, Flow
from ovcf_bench.report.kit.blocks import Block, Figure, Paragraph, Section
from ovcf_bench.report.kit.flow import flow_columns, flow_values
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual
from ovcf_bench.report.read import RunRecords
from ovcf_bench.vocabulary import CohortCounts
from ovcf_bench.wording import NONE, count, number, per_cent


def participants(run: RunRecords) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    flow = run.findings.flow
    if flow is None:
        blocks.append(Paragraph("The records hold no participant flow: the scores came from elsewhere."))
    else:
        caption = "Participant flow. Steps apply in the order shown; splits are made by patient, once for all arms."
        blocks.append(Figure("flow", caption, tuple(flow_columns(flow)), data=flow_values(flow)))
    characteristics = characteristics_table(run.findings, flow)
    blocks.append(characteristics or Paragraph("The records hold no covariates to describe the patients with."))
    if flow is not None:
        blocks.append(flow_table(flow))
    if run.provenance is not None:
        proof = run.provenance.leakage
        checked = f"{count(proof.patients_checked)} patients and {count(proof.images_checked)} images were checked."
        blocks.append(Paragraph(f"{proof.statement.rstrip('.')}. {checked}"))
    blocks += checks_tables(run.checks)
    return Section("participants", "Participants", tuple(blocks))


def flow_table(flow: Flow) -> Table:
    """Return every step of every cohort, then the splits."""
    views = list(dict.fromkeys(view for each in flow.cohorts.values() for view in each.steps[0].after.views))
    groups = [Group(name, tuple(_steps(flow, name, views))) for name in flow.cohorts]
    splits = [Row(f"{name} (from {found.cohort})", _row(None, found, views)) for name, found in flow.splits.items()]
    splits += [
        Row(f"in no split (from {name})", _row(None, found, views))
        for name, found in flow.unused.items()
        if found.patients
    ]
    return Table(
        id="flow-table",
        caption="The participant flow in numbers.",
        columns=(
            *textual("Step"),
            *numeric("Patients", "Positive", "Negative", spanner="Dropped"),
            *numeric("Patients", "Positive", "Negative", spanner="Left"),
            *numeric(*views, spanner="Images left"),
        ),
        groups=(*groups, Group("Splits", tuple(splits))),
    )


def _steps(flow: Flow, name: str, views: list[str]) -> Iterator[Row]:
    first, *further = flow.cohorts[name].steps
    yield Row(first.reason, _row(None, first.after, views))
    for step in further:
        head = f"{step.reason} ({step.rule})" if step.rule else step.reason
        yield Row(head, _row(step.dropped, step.after, views))


def _row(dropped: CohortCounts | None, left: CohortCounts, views: list[str]) -> tuple[Cell, ...]:
    return (
        *(_classes(dropped) if dropped else cells(NONE, NONE, NONE)),
        *_classes(left),
        *cells(*(count(left.views.get(view, 0)) for view in views)),
    )


def _classes(counts: CohortCounts) -> tuple[Cell, ...]:
    return cells(*(count(each) for each in (counts.patients, counts.positives, counts.negatives)))


_NOTE = "Values are mean (SD) with median [quartiles], or number (share). SMD: standardised mean difference."


def characteristics_table(findings: Findings, flow: Flow | None) -> Table | None:
    """Return Table 1; nothing when the study declares no covariates."""
    footnotes = Footnotes()
    splits = next((tuple(one.splits) for one in findings.table1 if one.splits), ())
    if not splits:
        return None
    groups = [Group("", (_patients(flow, splits),))] if flow and all(split in flow.splits for split in splits) else []
    groups += [_covariate(one, splits, footnotes) for one in findings.table1]
    columns = [*textual("Characteristic")]
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
    numbers = one.kind == "numeric"

    def smd(each: SplitSummary) -> Cell:
        return Cell(number(each.smd, 2), note=footnotes.letter(each.reason))

    if numbers:
        rows = [_by_split(one.name, found, _mean, smd)]
    else:
        levels = [each.level for each in found[0].all.levels]
        rows = [
            _by_split(level, found, partial(_share, position=at), _blank if at else smd)
            for at, level in enumerate(levels)
        ]
    if any(group.missing for each in found for group in (each.positives, each.negatives)):
        head = f"{one.name}, missing" if numbers else "missing"
        rows.append(_by_split(head, found, lambda group: Cell(count(group.missing)), _blank))
    return Group("" if numbers else one.name, tuple(rows))


def _blank(_: SplitSummary) -> Cell:
    return Cell("")


def _by_split(
    head: str,
    found: Sequence[SplitSummary],
    show: Callable[[GroupSummary], Cell],
    last: Callable[[SplitSummary], Cell],
) -> Row:
    """Return a row of positives, negatives and a last cell for each split."""
    return Row(head, tuple(cell for each in found for cell in (show(each.positives), show(each.negatives), last(each))))


def _mean(group: GroupSummary) -> Cell:
    if group.mean is None:
        return Cell(NONE)
    sd = f" ({number(group.sd, 1)})" if group.sd is not None else ""
    quartiles = f"{number(group.median, 1)} [{number(group.q1, 1)} to {number(group.q3, 1)}]"
    return Cell(f"{number(group.mean, 1)}{sd}", detail=quartiles)


def _share(group: GroupSummary, position: int) -> Cell:
    level = group.levels[position]
    return Cell(count(level.n) + (f" ({per_cent(level.share)})" if level.share is not None else ""))


_NAMES = {
    "labels": "Labels of each split",
    "views": "Views of each exam",
    "sites": "Patients and sites",
    "remarks": "Odd images",
    "duplicates": "Equal images",
    "near_duplicates": "Images that look alike",
    "balance": "Covariates between classes and sets",
    "shortcuts": "Labels told without looking at bones",
}
_SHORTCUTS = (
    "A probe is a logistic regression on what the column names, cross-validated in development. It is marked when its "
    "AUROC exceeds .6 and its lower limit, adjusted after Holm for all probes, exceeds .5."
)


def checks_tables(checks: Sequence[CheckResult]) -> Iterator[Table]:
    """Yield the table of all checks, and that of the probes."""
    if not checks:
        return
    rows = tuple(
        Row(_NAMES.get(each.check, each.check), cells("ok" if each.level == "ok" else "look", each.summary))
        for each in checks
    )
    columns = textual("Looked for", "Result", "Found")
    yield Table("data-checks", "Checks of the data before training.", columns, (Group("", rows),))
    for check in checks:
        if check.check == "shortcuts" and check.rows:
            yield _probes(check)


def _probes(check: CheckResult) -> Table:
    rows = tuple(
        Row(
            str(row["probe"]),
            cells(str(row["view"] or NONE), str(row["n"]), number(row["auroc"]), number(row["lower"])),
        )
        for row in check.rows
    )
    columns = (*textual("What the probe knows", "View"), *numeric("n", "AUROC", "Lower limit"))
    return Table("probes", "Shortcut probes.", columns, (Group("", rows),), notes=(_SHORTCUTS,))
