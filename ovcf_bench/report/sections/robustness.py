"""How far the results hang on folds, seeds, thresholds and numbers: what a reviewer asks next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovcf_bench.findings.values import ArmFindings, ComparisonFindings, Findings, Point
from ovcf_bench.report.kit.blocks import Block, Figure, Paragraph, Section, present
from ovcf_bench.report.kit.by_set import comparison_groups
from ovcf_bench.report.kit.csv import as_csv
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, beneath, cells, numeric, textual
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.sections.provenance import COLUMNS, training_plots, training_values
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import NONE, count, interval, joined, minus, number, p_value, signed


def robustness(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    blocks = present(
        transfer_table(findings),
        detectable_table(findings),
        multiplicity_table(findings),
        folds_table(findings),
        _training(run),
    )
    return Section("robustness", "Robustness", blocks)


def _training(run: RunRecords) -> Block | None:
    plots = training_plots(run.history)
    if plots:
        caption = "Learning curves: training loss by epoch, one panel per arm and one line per network."
        return Figure("training-curves", caption, tuple(plots), data=as_csv(COLUMNS, training_values(run.history)))
    return None if run.source is not None else Paragraph("The records hold no training history.")


def transfer_table(findings: Findings) -> Table | None:
    """Return sensitivity and specificity of every frozen threshold, where it was fitted and on each set."""
    rows = [Row(arm.name, tuple(_transferred(findings, arm.name))) for arm in findings.study.arms]
    if all(cell.text == NONE for row in rows for cell in row.cells):
        return None
    columns = [*textual("Arm")]
    for name in (DEVELOPMENT, *findings.sets):
        columns += numeric("Sensitivity", "Specificity", spanner=name)
    caption = "Whether the thresholds travel: fitted out of fold in development, then frozen."
    return Table("transfer", caption, tuple(columns), (Group("", tuple(rows)),))


def _transferred(findings: Findings, arm: str) -> Iterator[Cell]:
    results: list[ArmFindings] = [found.arms[arm] for found in findings.sets.values() if arm in found.arms]
    fitted = results[0].operating_point.development if results else None
    points: list[Point | None] = [fitted, *(result.operating_point.achieved for result in results)]
    for point in points:
        for measure in (point.sensitivity, point.specificity) if point else (None, None):
            yield Cell(number(measure.value), beneath(measure.ci)) if measure else Cell(NONE)


def detectable_table(findings: Findings) -> Table | None:
    """Return the true difference that each test would find: what a result without a difference is worth."""
    footnotes = Footnotes()
    groups = comparison_groups(findings, "detectable", lambda one, place: _detectable(one, place, footnotes))
    if not groups:
        return None
    return Table(
        id="detectable",
        caption="The smallest true difference that a test of this size and spread finds with 80 % power.",
        columns=(*textual("Comparison"), *numeric("Cases", "Standard error", "Detectable", "Margin")),
        groups=groups,
        notes=("This is no observed power: it does not depend on the difference that was found.",),
        footnotes=footnotes.all(),
    )


def _detectable(one: ComparisonFindings, place: str, footnotes: Footnotes) -> Iterator[Row]:
    if one.detectable is not None:
        size, se = Cell(count(one.estimate.n)), Cell(number(one.estimate.se))
        least = Cell(number(one.detectable.difference), note=footnotes.letter(one.detectable.reason), strong=True)
        yield Row(minus(one.a, one.b), (size, se, least, Cell(number(one.margin))), place)


def multiplicity_table(findings: Findings) -> Table | None:
    """Return which tests are adjusted for their number, how, and which are not."""
    rows = [row for name, found in findings.sets.items() for row in _families(name, found.comparisons)]
    if not rows:
        return None
    rows.append(
        Row("All others", cells("other methods, measures at thresholds, subgroups, fusion", "none", "exploratory"))
    )
    primary = findings.primary
    note = f"The primary test is {primary.comparison} on {primary.set}." if primary else "No test was declared primary."
    caption = "How many tests were made, and how that is paid for."
    columns = textual("Family", "Tests", "Adjustment", "Meaning")
    return Table("multiplicity", caption, columns, (Group("", tuple(rows)),), (note,))


def _families(name: str, comparisons: Sequence[ComparisonFindings]) -> Iterator[Row]:
    for declared, method, meaning in (
        (True, "Holm", "declared before the test scores existed"),
        (False, "Benjamini and Hochberg", "not declared in advance, hence exploratory"),
    ):
        family = [one.id for one in comparisons if one.declared is declared]
        if family:
            yield Row(f"{name}, {'declared' if declared else 'later'}", cells(joined(family), method, meaning))


def folds_table(findings: Findings) -> Table | None:
    """Return the out-of-fold differences over the folds."""
    if not findings.cross_validated:
        return None
    footnotes = Footnotes()
    rows = [
        Row(
            one.comparison,
            (
                Cell(count(one.n)),
                Cell(signed(one.mean), note=footnotes.letter(one.reason)),
                *cells(interval(one.ci, sign=True), number(one.t, 2), count(one.df), p_value(one.p)),
                *cells(number(one.sd_cases), number(one.sd_folds), number(one.sd_repeats)),
            ),
        )
        for one in findings.cross_validated
    ]
    return Table(
        id="folds",
        caption="Out-of-fold differences in development: corrected resampled t (Nadeau and Bengio 2003).",
        columns=(
            *textual("Comparison"),
            *numeric("Networks", "Mean difference", "95 % interval", "t", "df", "p"),
            *numeric("cases", "folds", "repeats", spanner="SD between"),
        ),
        groups=(Group("", tuple(rows)),),
        notes=("Folds share training patients; this test belongs to development and says nothing of the test sets.",),
        footnotes=footnotes.all(),
    )
