"""What stands beside the main test: other methods, measures at the thresholds, subgroups, readers, folds."""

from __future__ import annotations

from collections.abc import Sequence

from ovcf_bench.findings.secondary import GroupDifference, Interaction, MeasureDifference, Sensitivity
from ovcf_bench.findings.values import ComparisonFindings, Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric
from ovcf_bench.report.format import NONE, count, interval, number, p_value, signed


def _by_set(findings: Findings, wanted: str) -> list[tuple[str, ComparisonFindings]]:
    """Return (head of a group, comparison) of every comparison that has any of `wanted`."""
    several = len(findings.sets) > 1
    return [
        (f"{one.a} − {one.b}" + (f", {name}" if several else ""), one)
        for name, found in findings.sets.items()
        for one in found.comparisons
        if getattr(one, wanted)
    ]


def sensitivity_table(findings: Findings) -> Table | None:
    """Return the same differences by other methods."""
    footnotes = Footnotes()
    found = _by_set(findings, "sensitivity")
    if not found:
        return None
    return Table(
        id="sensitivity",
        caption="The same comparisons by other methods: none of them replaces the test above.",
        columns=(
            Column("Method", numeric=False),
            Column("Quantity", numeric=False),
            *numeric("Value", "95 % interval", "p"),
        ),
        groups=tuple(Group(head, tuple(_other(each, footnotes) for each in one.sensitivity)) for head, one in found),
        footnotes=footnotes.all(),
    )


def _other(one: Sensitivity, footnotes: Footnotes) -> Row:
    value = Cell(signed(one.value), note=footnotes.letter(one.reason))
    return Row(one.method, (Cell(one.quantity), value, Cell(interval(one.ci, sign=True)), Cell(p_value(one.p))))


def measures_table(findings: Findings) -> Table | None:
    """Return the differences of accuracy measures at the frozen thresholds."""
    footnotes = Footnotes()
    found = _by_set(findings, "measures")
    if not found:
        return None
    return Table(
        id="measures",
        caption="Accuracy of both arms at their thresholds, on the same cases.",
        columns=(
            Column("Measure", numeric=False),
            *numeric("First", "Second"),
            Column("Quantity", numeric=False),
            *numeric("Value", "95 % interval", "p", "p by another test"),
        ),
        groups=tuple(Group(head, tuple(_measure(each, footnotes) for each in one.measures)) for head, one in found),
        notes=("None of these tests is adjusted for their number.",),
        footnotes=footnotes.all(),
    )


def _measure(one: MeasureDifference, footnotes: Footnotes) -> Row:
    ratio = one.quantity == "ratio"
    return Row(
        one.measure,
        (
            Cell(number(one.a)),
            Cell(number(one.b)),
            Cell(one.quantity),
            Cell(number(one.value) if ratio else signed(one.value), note=footnotes.letter(one.reason)),
            Cell(interval(one.ci, sign=not ratio), note=footnotes.letter(one.ci_method or "")),
            Cell(p_value(one.p), note=footnotes.letter(one.p_method or "")),
            Cell(p_value(one.p_other), note=footnotes.letter(one.p_other_method or "")),
        ),
    )


def subgroup_table(findings: Findings) -> Table | None:
    """Return every comparison within subgroups, and between the sets."""
    within = [each for _, one in _by_set(findings, "interactions") for each in one.interactions]
    heads = [head for head, one in _by_set(findings, "interactions") for _ in one.interactions]
    across = [each for each in findings.across_sets if any(group.difference is not None for group in each.groups)]
    if not within and not across:
        return None
    footnotes = Footnotes()
    named = [*zip(heads, within, strict=True), *((each.comparison, each) for each in across)]
    return Table(
        id="subgroups",
        caption="The comparisons within subgroups and sets, with the test that the difference is the same in all.",
        columns=(
            Column("Group", numeric=False),
            *numeric("Cases", "Positive", "First", "Second", "Difference", "95 % interval", "p (same difference)"),
        ),
        groups=tuple(Group(f"{head}, by {each.by}", tuple(_groups(each, footnotes))) for head, each in named),
        notes=("Subgroups are exploratory. A group with fewer than five cases of a class is not shown.",),
        footnotes=footnotes.all(),
    )


def _groups(found: Interaction, footnotes: Footnotes) -> list[Row]:
    rows = [_group(group, footnotes) for group in found.groups]
    same = "difference of differences" if found.difference is not None else "all groups"
    test = (
        *(Cell(NONE) for _ in range(4)),
        Cell(signed(found.difference), note=footnotes.letter(found.reason)),
        Cell(interval(found.ci, sign=True)),
        Cell(p_value(found.p), strong=True),
    )
    return [*rows, Row(same, test)]


def _group(group: GroupDifference, footnotes: Footnotes) -> Row:
    return Row(
        group.group,
        (
            Cell(count(group.n)),
            Cell(count(group.positives)),
            Cell(number(group.auroc_a)),
            Cell(number(group.auroc_b)),
            Cell(signed(group.difference), note=footnotes.letter(group.reason)),
            Cell(interval(group.ci, sign=True)),
            Cell(NONE),
        ),
    )


def readers_table(findings: Findings) -> Table | None:
    """Return the analysis of human readers."""
    footnotes = Footnotes()
    found = _by_set(findings, "readers")
    if not found:
        return None
    rows = []
    for head, one in found:
        said = one.readers
        if said is None:
            continue
        aurocs = [" · ".join(number(each) for each in values) for values in said.aurocs.values()]
        df = f"{number(said.df1, 0)}; {number(said.df2, 1)}" if said.df1 is not None else NONE
        cells = (
            Cell(count(said.readers), detail="; ".join(aurocs)),
            Cell(signed(said.difference), note=footnotes.letter(said.reason), strong=True),
            Cell(interval(said.ci, sign=True)),
            Cell(number(said.f, 2)),
            Cell(df),
            Cell(p_value(said.p)),
        )
        rows.append(Row(head, cells))
    return Table(
        id="readers",
        caption="Readers and cases both random: Obuchowski and Rockette, degrees of freedom of Hillis (2007).",
        columns=(
            Column("Comparison", numeric=False),
            *numeric("Readers", "Difference", "95 % interval", "F", "df", "p"),
        ),
        groups=(Group("", tuple(rows)),),
        notes=("Beneath the number of readers: the AUROC of each, first arm; second arm.",),
        footnotes=footnotes.all(),
    )


def folds_table(findings: Findings) -> Table | None:
    """Return the out-of-fold differences over the folds."""
    if not findings.cross_validated:
        return None
    footnotes = Footnotes()
    rows: Sequence[Row] = [
        Row(
            one.comparison,
            (
                Cell(count(one.n)),
                Cell(signed(one.mean), note=footnotes.letter(one.reason)),
                Cell(interval(one.ci, sign=True)),
                Cell(number(one.t, 2)),
                Cell(count(one.df)),
                Cell(p_value(one.p)),
                Cell(number(one.sd_cases)),
                Cell(number(one.sd_folds)),
                Cell(number(one.sd_repeats)),
            ),
        )
        for one in findings.cross_validated
    ]
    return Table(
        id="folds",
        caption="Out-of-fold differences in development: corrected resampled t (Nadeau and Bengio 2003).",
        columns=(
            Column("Comparison", numeric=False),
            *numeric("Networks", "Mean difference", "95 % interval", "t", "df", "p"),
            *numeric("cases", "folds", "repeats", spanner="SD between"),
        ),
        groups=(Group("", tuple(rows)),),
        notes=("Folds share training patients; this test belongs to development and says nothing of the test sets.",),
        footnotes=footnotes.all(),
    )
