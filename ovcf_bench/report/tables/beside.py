"""What stands beside the main test: other methods, measures at the thresholds, human readers."""

from __future__ import annotations

from ovcf_bench.findings.secondary import MeasureDifference, Sensitivity
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
