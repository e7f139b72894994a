"""What the curves say beside the AUROC: average precision and the part of high specificity."""

from __future__ import annotations

from ovcf_bench.findings.secondary import Valued
from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import interval, listed, number


def curves_table(findings: Findings) -> Table | None:
    """Return the table; nothing when no arm has a curve."""
    footnotes = Footnotes()
    groups = [
        Group(
            name,
            tuple(
                Row(
                    arm,
                    (
                        *_valued(result.curve.partial, footnotes),
                        *_valued(result.curve.average_precision, footnotes),
                        Cell(number(result.positives / result.n if result.n else None, 2)),
                    ),
                )
                for arm, result in found.arms.items()
            ),
        )
        for name, found in findings.sets.items()
    ]
    curves = [result.curve for found in findings.sets.values() for result in found.arms.values()]
    if all(each.partial.value is None for each in curves):
        return None
    methods = unique(each.ci_method for curve in curves for each in (curve.partial, curve.average_precision))
    notes = ["Partial AUROC: specificity .9 to 1, standardised after McClish (chance .5)."]
    notes += [f"Intervals: {listed(methods)}."] if methods else []
    return Table(
        id="curves",
        caption="Beside the AUROC: the part of high specificity, and average precision at the prevalence of each set.",
        columns=(
            Column("Arm", numeric=False),
            *numeric("Partial AUROC", "95 % interval", "Average precision", "95 % interval", "Prevalence"),
        ),
        groups=tuple(groups),
        notes=tuple(notes),
        footnotes=footnotes.all(),
    )


def _valued(found: Valued, footnotes: Footnotes) -> tuple[Cell, Cell]:
    return Cell(number(found.value), note=footnotes.letter(found.reason)), Cell(interval(found.ci))
