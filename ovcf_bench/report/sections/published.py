"""Published figures beside ours, and whether they can belong together."""

from __future__ import annotations

from ovcf_bench.findings.values import Findings, PublishedAudit
from ovcf_bench.report.kit.blocks import Items, Paragraph, Section, present
from ovcf_bench.report.kit.table import Cell, Footnotes, Group, Row, Table, cells, numeric, textual
from ovcf_bench.report.read import RunRecords
from ovcf_bench.study.schema import PublishedFigure, PublishedSection
from ovcf_bench.wording import NONE, count, interval, number, p_value

_NOT_TESTED = "These figures come from other patients and other networks: they stand beside ours and are not tested."


def published(run: RunRecords) -> Section:
    """Return the section; empty when the study names no published figures."""
    said = run.study.document.published if run.study else None
    if said is None or not said.figures:
        return Section("published", "Published figures", ())
    link = f"https://doi.org/{said.doi}" if said.doi else ""
    sentences = tuple((f"{one.set}.", one.sentence) for one in run.findings.audit)
    blocks = present(
        Paragraph(_NOT_TESTED, link),
        published_table(run.findings, said),
        audit_table(run.findings),
        Items(sentences) if sentences else None,
    )
    return Section("published", "Published figures", blocks)


def published_table(findings: Findings, published: PublishedSection) -> Table:
    """Return the published AUROCs by set and view, each beside the arms of this run that read the view."""
    return Table(
        id="published-table",
        caption=f"Figures of {published.source}, beside this run.",
        columns=(
            *textual("View"),
            *numeric("AUROC", "p", "Positive", "Negative", spanner="Published"),
            *textual("Arm", spanner="This run"),
            *numeric("AUROC", "95 % interval", spanner="This run"),
        ),
        groups=tuple(
            Group(figure.set or "set not stated", tuple(_rows(findings, figure))) for figure in published.figures
        ),
    )


def audit_table(findings: Findings) -> Table | None:
    """Return whether the published figures fit together; nothing when there is no pair to check."""
    if not findings.audit:
        return None
    footnotes = Footnotes()
    return Table(
        id="audit",
        caption="Do the published figures fit together? DeLong's test for two views of the same patients.",
        columns=(
            *textual("Set"),
            *numeric("AUROCs", "Positive", "Negative", "p as published", "Largest possible p", "p at r = 0 to .95"),
            *textual("Together"),
        ),
        groups=(Group("", tuple(_audit(one, footnotes) for one in findings.audit)),),
        notes=("r: correlation of the two views' scores within a class, binormal. Rounding is taken into account.",),
        footnotes=footnotes.all(),
    )


def _audit(one: PublishedAudit, footnotes: Footnotes) -> Row:
    span = f"{p_value(one.p_low)} to {p_value(one.p_high)}"
    return Row(
        one.set,
        (
            Cell(" and ".join(number(each) for each in one.aurocs), detail=" and ".join(one.views)),
            *cells(count(one.positives), count(one.negatives), p_value(one.p), p_value(one.p_bound), span),
            Cell(one.verdict or NONE, note=footnotes.letter(one.reason), strong=True),
        ),
    )


def _rows(findings: Findings, figure: PublishedFigure) -> list[Row]:
    rows = []
    cases = (count(figure.positives), count(figure.negatives))
    for view, auroc in figure.auroc.items():
        for ours in _ours(findings, figure.set, view) or [cells(NONE, NONE, NONE)]:
            rows.append(Row(view, (*cells(number(auroc), NONE, *cases), *ours)))
    if figure.p is not None:
        rows.append(Row("difference", cells(NONE, p_value(figure.p), *cases, NONE, NONE, NONE)))
    return rows


def _ours(findings: Findings, name: str | None, view: str) -> list[tuple[Cell, ...]]:
    if name is None or name not in findings.sets:
        return []
    results = findings.sets[name].arms
    arms = [arm.name for arm in findings.study.arms if "+".join(arm.views) == view and arm.name in results]
    return [cells(arm, number(results[arm].auroc), interval(results[arm].ci)) for arm in arms]
