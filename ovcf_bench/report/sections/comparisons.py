"""The comparisons: tests, verdicts against margins, and the same by other methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ovcf_bench.findings.values import ComparisonFindings, Estimate, Findings, MeasureDifference, Sensitivity
from ovcf_bench.report.kit.blocks import Figure, Items, Paragraph, Section, present
from ovcf_bench.report.kit.by_set import all_comparisons, comparison_groups
from ovcf_bench.report.kit.csv import as_csv
from ovcf_bench.report.kit.forest import COLUMNS, ForestGroup, forest, forest_row, forest_values
from ovcf_bench.report.kit.plot import arm_style
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual, unique
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import NONE, count, interval, joined, minus, number, p_phrase, p_value, signed

_NOT_ALIKE = (
    "A p-value above .05 does not show that two views are comparable. That takes a margin, declared before the test "
    "scores exist, and an interval that stays within it."
)


def comparisons(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    delong = delong_table(findings)
    if delong is None:
        nothing = Paragraph("The study declares no comparison, so no test was made.")
        return Section("comparisons", "Comparisons", (nothing,))
    blocks = present(
        Paragraph(_NOT_ALIKE),
        delong,
        *(Paragraph(text) for text in _omnibus(findings)),
        _forest(findings),
        verdict_table(findings),
        _conclusions(findings),
        readers_table(findings),
        sensitivity_table(findings),
        measures_table(findings),
    )
    return Section("comparisons", "Comparisons", blocks)


def _conclusions(findings: Findings) -> Items | None:
    several = len(findings.sets) > 1
    found = tuple(
        (f"On {name}." if several else "", one.conclusion)
        for name, found in findings.sets.items()
        for one in found.comparisons
        if one.conclusion
    )
    return Items(found) if found else None


def _omnibus(findings: Findings) -> Iterator[str]:
    """Yield the test of all arms at once, where there are more than two."""
    for name, found in findings.sets.items():
        test = found.omnibus
        if test.p is not None:
            yield f"All arms on {name} at once: χ² = {number(test.chi2, 2)}, df = {test.df}, {p_phrase(test.p)}."
        elif len(found.arms) > 2:
            yield f"All arms on {name} at once: no test ({test.reason})."


def _forest(findings: Findings) -> Figure | None:
    groups = [
        ForestGroup(
            name,
            tuple(
                forest_row(
                    minus(one.a, one.b), one.estimate.difference, one.estimate.ci, arm_style(position), sign=True
                )
                for position, one in enumerate(found.comparisons)
            ),
        )
        for name, found in findings.sets.items()
    ]
    margins = dict.fromkeys((one.claim, one.margin) for _, one in all_comparisons(findings) if one.margin)
    guides = [(0.0, "no difference"), *((-margin, f"margin {signed(-margin)}") for _, margin in margins if margin)]
    guides += [(margin, f"margin {signed(margin)}") for claim, margin in margins if claim == "equivalence" and margin]
    drawn = forest("differences-0", "Differences of AUROC", "Difference of AUROC", groups, guides=guides)
    if drawn is None:
        return None
    words = "the line at 0 is no difference" + (", the others are the margins" if margins else "")
    caption = f"Differences of AUROC, first arm minus second, with 95 % intervals; {words}."
    return Figure("differences", caption, (drawn,), data=as_csv(COLUMNS, forest_values(groups, 0)))


_CLAIMS = {"noninferiority": "non-inferiority", "equivalence": "equivalence"}


def delong_table(findings: Findings) -> Table | None:
    """Return every comparison on every set; nothing when the study has none."""
    footnotes = Footnotes()
    every = [one for _, one in all_comparisons(findings)]
    if not every:
        return None
    missing = any(one.estimate.missing for one in every)
    methods = unique(each.method for one in every for each in (one.estimate, one.all_data) if each is not None)
    several = len(methods) > 1
    groups = comparison_groups(
        findings, "comparison", lambda one, place: _tests(one, place, footnotes, missing, several)
    )
    notes = [
        "Difference: first arm minus second. Adjusted p: Holm, over the comparisons declared in advance, within a set."
    ]
    if methods:
        notes.append(f"Tests: {joined(methods)}.")
    if missing:
        notes.append(
            "Where a score is missing, complete pairs and all data (missing completely at random assumed) stand one "
            f"above the other; primary: {findings.study.missing.replace('_', ' ')}."
        )
    return Table(
        id="delong",
        caption="Tests of the differences between arms.",
        columns=(
            *textual("Comparison"),
            *numeric("Cases", *(["Incomplete"] if missing else [])),
            *numeric("First", "Second", "Difference", "95 % interval", spanner="AUROC"),
            *numeric("z", "p", "p (adjusted)"),
            *textual("Declared in advance"),
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


def _tests(one: ComparisonFindings, place: str, footnotes: Footnotes, missing: bool, several: bool) -> list[Row]:
    """Return the row of a comparison, and a second one for all data where a score is missing."""
    adjusted = Cell(p_value(one.p_holm if one.declared else one.p_bh), note=footnotes.letter(_adjustment(one)))
    last = (adjusted, Cell("yes" if one.declared else "no"))
    name = minus(one.a, one.b)

    def row(head: str, found: Estimate, ends: tuple[Cell, Cell], place: str) -> Row:
        method = found.method or "" if several else ""
        values = (
            Cell(count(found.n), detail=f"{count(found.positives)} positive"),
            *([Cell(count(found.missing))] if missing else []),
            *cells(number(found.auroc_a), number(found.auroc_b)),
            Cell(signed(found.difference), note=footnotes.letter(found.reason), strong=True),
            Cell(interval(found.ci, sign=True), note=footnotes.letter(method)),
            *cells(number(found.z, 2), p_value(found.p)),
        )
        return Row(head, (*values, *ends), place)

    if one.all_data is None:
        return [row(name, one.estimate, last, place)]
    blank = (Cell(NONE), Cell(NONE))
    pairs, all_data = f"{name}, complete pairs", f"{name}, all data"
    if one.primary_estimate == "all_data":
        return [row(pairs, one.estimate, blank, ""), row(all_data, one.all_data, last, place)]
    return [row(pairs, one.estimate, last, place), row(all_data, one.all_data, blank, "")]


def verdict_table(findings: Findings) -> Table | None:
    """Return the verdicts against margins; nothing when no comparison claims more than a difference."""
    footnotes = Footnotes()
    groups = comparison_groups(findings, "verdict", lambda one, place: _verdicts(one, place, footnotes))
    if not groups:
        return None
    claims = [one for _, one in all_comparisons(findings) if one.claim in _CLAIMS]
    methods = unique(method for one in claims for method in (one.noninferiority.ci_method, one.equivalence.ci_method))
    return Table(
        id="verdicts",
        caption="Verdicts on the claims, against the margins.",
        columns=(
            *textual("Comparison", "Claim"),
            *numeric("Margin", "Level", "Limits"),
            *textual("Verdict"),
        ),
        groups=groups,
        notes=tuple(f"Limits: {joined(methods)}." for _ in methods[:1]),
        footnotes=footnotes.all(),
    )


def _verdicts(one: ComparisonFindings, place: str, footnotes: Footnotes) -> Iterator[Row]:
    if one.claim not in _CLAIMS:
        return
    verdict = one.noninferiority if one.claim == "noninferiority" else one.equivalence
    yield Row(
        minus(one.a, one.b),
        (
            *cells(_CLAIMS[one.claim], number(one.margin), f"{verdict.level * 100:.0f} %"),
            Cell(interval(verdict.ci, sign=True)),
            Cell(verdict.verdict or "no verdict", note=footnotes.letter(verdict.reason), strong=True),
        ),
        place,
    )


def _groups(findings: Findings, rows: Callable[[ComparisonFindings], Iterable[Row]]) -> tuple[Group, ...]:
    """Return the rows of each comparison under its head, without comparisons that have none."""
    groups = (Group(minus(one.a, one.b) + place, tuple(rows(one))) for place, one in all_comparisons(findings))
    return tuple(group for group in groups if group.rows)


def sensitivity_table(findings: Findings) -> Table | None:
    """Return the same differences by other methods."""
    footnotes = Footnotes()
    groups = _groups(findings, lambda one: (_other(each, footnotes) for each in one.sensitivity))
    if not groups:
        return None
    return Table(
        id="sensitivity",
        caption="The same comparisons by other methods: none of them replaces the test above.",
        columns=(*textual("Method", "Quantity"), *numeric("Value", "95 % interval", "p")),
        groups=groups,
        footnotes=footnotes.all(),
    )


def _other(one: Sensitivity, footnotes: Footnotes) -> Row:
    value = Cell(signed(one.value), note=footnotes.letter(one.reason))
    return Row(one.method, (Cell(one.quantity), value, *cells(interval(one.ci, sign=True), p_value(one.p))))


def measures_table(findings: Findings) -> Table | None:
    """Return the differences of accuracy measures at the frozen thresholds."""
    footnotes = Footnotes()
    groups = _groups(findings, lambda one: (_measure(each, footnotes) for each in one.measures))
    if not groups:
        return None
    return Table(
        id="measures",
        caption="Accuracy of both arms at their thresholds, on the same cases.",
        columns=(
            *textual("Measure"),
            *numeric("First", "Second"),
            *textual("Quantity"),
            *numeric("Value", "95 % interval", "p", "p by another test"),
        ),
        groups=groups,
        notes=("None of these tests is adjusted for their number.",),
        footnotes=footnotes.all(),
    )


def _measure(one: MeasureDifference, footnotes: Footnotes) -> Row:
    ratio = one.quantity == "ratio"
    return Row(
        one.measure,
        (
            *cells(number(one.a), number(one.b), one.quantity),
            Cell(number(one.value) if ratio else signed(one.value), note=footnotes.letter(one.reason)),
            Cell(interval(one.ci, sign=not ratio), note=footnotes.letter(one.ci_method or "")),
            Cell(p_value(one.p), note=footnotes.letter(one.p_method or "")),
            Cell(p_value(one.p_other), note=footnotes.letter(one.p_other_method or "")),
        ),
    )


def readers_table(findings: Findings) -> Table | None:
    """Return the analysis of human readers."""
    footnotes = Footnotes()
    rows = []
    for place, one in all_comparisons(findings):
        said = one.readers
        if said is None:
            continue
        aurocs = [" · ".join(number(each) for each in values) for values in said.aurocs.values()]
        df = f"{number(said.df1, 0)}; {number(said.df2, 1)}" if said.df1 is not None else NONE
        values = (
            Cell(count(said.readers), detail="; ".join(aurocs)),
            Cell(signed(one.estimate.difference), note=footnotes.letter(said.reason), strong=True),
            *cells(interval(one.estimate.ci, sign=True), number(said.f, 2), df, p_value(one.estimate.p)),
        )
        rows.append(Row(minus(one.a, one.b) + place, values))
    if not rows:
        return None
    return Table(
        id="readers",
        caption="Readers and cases both random: Obuchowski and Rockette, degrees of freedom of Hillis (2007).",
        columns=(*textual("Comparison"), *numeric("Readers", "Difference", "95 % interval", "F", "df", "p")),
        groups=(Group("", tuple(rows)),),
        notes=("Beneath the number of readers: the AUROC of each, first arm; second arm.",),
        footnotes=footnotes.all(),
    )
