"""Where two arms call the same cases differently: counts, kappa, fused rules, the exams themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import Agreement, Decisions, Fused, Gallery, Valued
from ovcf_bench.findings.values import ComparisonFindings, Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, cells, numeric
from ovcf_bench.report.format import NONE, count, interval, number

_LABELS = ("negative", "positive")
KINDS = {"discordant": "Seen rightly by one arm only", "missed": "Missed by both arms"}


def judged(findings: Findings) -> list[tuple[str, ComparisonFindings, Agreement]]:
    """Return (head of a group, comparison, agreement) of every comparison on every set that has one."""
    several = len(findings.sets) > 1
    return [
        (f"{one.a} and {one.b}" + (f", {name}" if several else ""), one, one.agreement)
        for name, found in findings.sets.items()
        for one in found.comparisons
        if one.agreement is not None
    ]


def agreement_table(findings: Findings) -> Table | None:
    """Return which of both arms calls how many cases rightly, with kappa."""
    footnotes = Footnotes()
    groups = [Group(head, tuple(_rows(found, footnotes))) for head, _, found in judged(findings)]
    if not groups:
        return None
    return Table(
        id="agreement",
        caption="How alike both arms call the same cases, each at its threshold.",
        columns=(
            Column("Cases", numeric=False),
            *numeric("Both", "First only", "Second only", "Neither", spanner="Called rightly by"),
            *numeric("Spearman’s r", "κ"),
        ),
        groups=tuple(groups),
        notes=("κ: Cohen’s, of the calls on all cases. Spearman’s r: of the scores within the class.",),
        footnotes=footnotes.all(),
    )


def _rows(found: Agreement, footnotes: Footnotes) -> Iterator[Row]:
    for label, decisions, correlation in (
        ("Positive", found.positives, found.correlation_positives),
        ("Negative", found.negatives, found.correlation_negatives),
    ):
        value = Cell(number(correlation.value, 2), note=footnotes.letter(correlation.reason))
        yield Row(label, (*_counts(decisions, found, footnotes), value, Cell("")))
    detail = interval(found.kappa.ci) if found.kappa.ci else ""
    kappa = Cell(number(found.kappa.value), detail=detail, note=footnotes.letter(found.kappa.reason), strong=True)
    yield Row("All", (*cells("", "", "", "", ""), kappa))


def _counts(decisions: Decisions | None, found: Agreement, footnotes: Footnotes) -> tuple[Cell, ...]:
    if decisions is None:
        return (Cell(NONE, note=footnotes.letter(found.reason)), *cells(NONE, NONE, NONE))
    return cells(*(count(each) for each in (decisions.both, decisions.only_a, decisions.only_b, decisions.neither)))


def fused_table(findings: Findings) -> Table | None:
    """Return what simple rules would make of both scores."""
    footnotes = Footnotes()
    groups = [
        Group(head, (*_alone(findings, one), *(_fused(each, footnotes) for each in found.fused)))
        for head, one, found in judged(findings)
        if found.fused
    ]
    if not groups:
        return None
    return Table(
        id="fused",
        caption="What both scores together would do: simple rules, fitted on nothing, and exploratory.",
        columns=(
            Column("Rule", numeric=False),
            *numeric("AUROC", "95 % interval", "Sensitivity", "95 % interval", "Specificity", "95 % interval"),
        ),
        groups=tuple(groups),
        notes=("On the cases that both arms scored. A rule chosen by these figures must be judged on other patients.",),
        footnotes=footnotes.all(),
    )


def _alone(findings: Findings, one: ComparisonFindings) -> Iterator[Row]:
    """Yield both arms by themselves, on the same pairs, for comparison."""
    measures = {each.measure: each for each in one.measures}
    for arm, auroc, ci, side in ((one.a, one.auroc_a, one.ci_a, "a"), (one.b, one.auroc_b, one.ci_b, "b")):
        shares = [
            getattr(measures[name], side) if name in measures else None for name in ("sensitivity", "specificity")
        ]
        values = (number(auroc), interval(ci), number(shares[0]), NONE, number(shares[1]), NONE)
        yield Row(f"{arm} alone", cells(*values))


def _fused(one: Fused, footnotes: Footnotes) -> Row:
    values = (one.auroc, one.sensitivity, one.specificity)
    return Row(one.rule, tuple(cell for each in values for cell in _valued(each, footnotes)))


def _valued(found: Valued, footnotes: Footnotes) -> tuple[Cell, Cell]:
    return Cell(number(found.value), note=footnotes.letter(found.reason)), Cell(interval(found.ci))


def discordant_table(gallery: Gallery) -> Table:
    """Return the exams that the gallery is about, by pseudonym."""
    groups = tuple(
        Group(
            head,
            tuple(
                Row(
                    each.exam,
                    (
                        Cell(_LABELS[each.label]),
                        Cell(number(each.score_a), strong=each.right_a),
                        Cell(number(each.score_b), strong=each.right_b),
                        Cell(_right(gallery, each.right_a, each.right_b)),
                    ),
                )
                for each in gallery.exams
                if each.kind == kind
            ),
        )
        for kind, head in KINDS.items()
    )
    return Table(
        id="discordant",
        caption=f"The exams of {gallery.set} most worth looking at, the surest mistakes first.",
        columns=(
            Column("Exam (pseudonym)", numeric=False),
            Column("Label", numeric=False),
            *numeric(gallery.a, gallery.b, spanner="Score"),
            Column("Called rightly by", numeric=False),
        ),
        groups=tuple(group for group in groups if group.rows),
        notes=("Those who hold the key find an exam by its pseudonym with `ovcf-bench data list`.",),
    )


def _right(gallery: Gallery, a: bool, b: bool) -> str:
    return {(True, False): gallery.a, (False, True): gallery.b, (True, True): "both"}.get((a, b), "neither")
