"""The comparisons: tests of the differences, and verdicts against the margins."""

from __future__ import annotations

from ovcf_bench.findings.secondary import Estimate
from ovcf_bench.findings.values import ComparisonFindings, Findings
from ovcf_bench.report.anchors import row_id
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import NONE, count, interval, listed, number, p_value, signed

_CLAIMS = {"noninferiority": "non-inferiority", "equivalence": "equivalence"}


def delong_table(findings: Findings) -> Table | None:
    """Return every comparison on every set; nothing when the study has none."""
    footnotes = Footnotes()
    every = [one for found in findings.sets.values() for one in found.comparisons]
    if not every:
        return None
    missing = any(one.missing for one in every)
    methods = unique(each.method for one in every for each in (one, one.all_data) if each is not None)
    several = len(methods) > 1
    groups = tuple(
        Group(
            name,
            tuple(
                row
                for position, one in enumerate(found.comparisons)
                for row in _tests(one, footnotes, missing, several, row_id("comparison", at, position))
            ),
        )
        for at, (name, found) in enumerate(findings.sets.items())
        if found.comparisons
    )
    notes = [
        "Difference: first arm minus second. Adjusted p: Holm, over the comparisons declared in advance, within a set."
    ]
    if methods:
        notes.append(f"Tests: {listed(methods)}.")
    if missing:
        notes.append(
            "Where a score is missing, complete pairs and all data (missing completely at random assumed) stand one "
            f"above the other; primary: {findings.study.missing.replace('_', ' ')}."
        )
    return Table(
        id="delong",
        caption="Tests of the differences between arms.",
        columns=(
            Column("Comparison", numeric=False),
            *numeric("Cases", *(["Incomplete"] if missing else [])),
            *numeric("First", "Second", "Difference", "95 % interval", spanner="AUROC"),
            *numeric("z", "p", "p (adjusted)"),
            Column("Declared in advance", numeric=False),
        ),
        groups=groups,
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


def _adjustment(one: ComparisonFindings) -> str:
    """Return what is to be said of the adjusted p-value."""
    if one.declared or one.p_bh is None:
        return one.p_holm_reason
    return "not pre-declared, hence exploratory: Benjamini & Hochberg over such comparisons of the set"


def _tests(one: ComparisonFindings, footnotes: Footnotes, missing: bool, several: bool, place: str) -> list[Row]:
    """Return the row of a comparison, and a second one for all data where a score is missing."""
    adjusted = Cell(p_value(one.p_holm if one.declared else one.p_bh), note=footnotes.letter(_adjustment(one)))
    last = (adjusted, Cell("yes" if one.declared else "no"))
    name = f"{one.a} − {one.b}"
    if one.all_data is None:
        return [_test(name, one, footnotes, missing, several, last, place)]
    blank = (Cell(NONE), Cell(NONE))
    all_is_primary = one.primary_estimate == "all_data"
    ends = (blank, last) if all_is_primary else (last, blank)
    places = ("", place) if all_is_primary else (place, "")
    return [
        _test(f"{name}, complete pairs", one, footnotes, missing, several, ends[0], places[0]),
        _test(f"{name}, all data", one.all_data, footnotes, missing, several, ends[1], places[1]),
    ]


def _test(
    name: str,
    one: ComparisonFindings | Estimate,
    footnotes: Footnotes,
    missing: bool,
    several: bool,
    last: tuple[Cell, Cell],
    place: str,
) -> Row:
    method = one.method or "" if several else ""
    return Row(
        name,
        (
            Cell(count(one.n), detail=f"{count(one.positives)} positive"),
            *([Cell(count(one.missing))] if missing else []),
            Cell(number(one.auroc_a)),
            Cell(number(one.auroc_b)),
            Cell(signed(one.difference), note=footnotes.letter(one.reason), strong=True),
            Cell(interval(one.ci, sign=True), note=footnotes.letter(method)),
            Cell(number(one.z, 2)),
            Cell(p_value(one.p)),
            *last,
        ),
        place,
    )


def verdict_table(findings: Findings) -> Table | None:
    """Return the verdicts against margins; nothing when no comparison claims more than a difference."""
    footnotes = Footnotes()
    claims = {
        name: [
            (one, row_id("verdict", at, position))
            for position, one in enumerate(found.comparisons)
            if one.claim in _CLAIMS
        ]
        for at, (name, found) in enumerate(findings.sets.items())
    }
    if not any(claims.values()):
        return None
    methods = unique(
        method
        for found in claims.values()
        for one, _ in found
        for method in (one.noninferiority.ci_method, one.equivalence.ci_method)
    )
    return Table(
        id="verdicts",
        caption="Verdicts on the claims, against the margins.",
        columns=(
            Column("Comparison", numeric=False),
            Column("Claim", numeric=False),
            *numeric("Margin", "Level", "Limits"),
            Column("Verdict", numeric=False),
        ),
        groups=tuple(
            Group(name, tuple(_verdict(one, place, footnotes) for one, place in found))
            for name, found in claims.items()
            if found
        ),
        notes=tuple(f"Limits: {listed(methods)}." for _ in methods[:1]),
        footnotes=footnotes.all(),
    )


def _verdict(one: ComparisonFindings, place: str, footnotes: Footnotes) -> Row:
    verdict = one.noninferiority if one.claim == "noninferiority" else one.equivalence
    return Row(
        f"{one.a} − {one.b}",
        (
            Cell(_CLAIMS[one.claim]),
            Cell(number(one.margin)),
            Cell(f"{verdict.level * 100:.0f} %"),
            Cell(interval(verdict.ci, sign=True)),
            Cell(verdict.verdict or "no verdict", note=footnotes.letter(verdict.reason), strong=True),
        ),
        place,
    )
