"""Scores read as probabilities: calibration, and values at declared prevalences."""

from __future__ import annotations

from ovcf_bench.findings.secondary import Calibration, Valued
from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import interval, listed, number, p_value

_FIGURES = ("slope", "intercept", "brier", "ece", "ici")


def calibration_table(findings: Findings) -> Table | None:
    """Return the calibration of every arm on every set; nothing when no arm gives probabilities."""
    footnotes = Footnotes()
    groups = []
    for name, found in findings.sets.items():
        rows = []
        for arm, result in found.arms.items():
            z = result.calibration.spiegelhalter_p
            rows += [_row(arm, each, z, footnotes) for each in result.calibration.figures]
        if rows:
            groups.append(Group(name, tuple(rows)))
    if not groups:
        return None
    figures = [
        each
        for found in findings.sets.values()
        for result in found.arms.values()
        for each in result.calibration.figures
    ]
    methods = unique(getattr(each, name).ci_method for each in figures for name in _FIGURES)
    return Table(
        id="calibration",
        caption="Calibration: perfect is a slope of 1, an intercept of 0, and the rest small.",
        columns=(
            Column("Arm", numeric=False),
            *numeric("Slope", "Intercept", "Brier", "ECE (10 bins)", "ICI", "p (Spiegelhalter)"),
        ),
        groups=tuple(groups),
        notes=(f"Beneath each value: 95 % interval ({listed(methods)}).",) if methods else (),
        footnotes=footnotes.all(),
    )


def _row(arm: str, one: Calibration, spiegelhalter: float | None, footnotes: Footnotes) -> Row:
    at = "study prevalence" if one.prevalence is None else f"prevalence {one.prevalence:g}"
    last = spiegelhalter if one.prevalence is None else None
    cells = tuple(_valued(getattr(one, name), footnotes) for name in _FIGURES)
    return Row(f"{arm}, {at}", (*cells, Cell(p_value(last))))


def _valued(one: Valued, footnotes: Footnotes) -> Cell:
    return Cell(number(one.value), detail=interval(one.ci) if one.ci else "", note=footnotes.letter(one.reason))
