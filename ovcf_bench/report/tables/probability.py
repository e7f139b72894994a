"""Scores read as probabilities: calibration, and values at declared prevalences."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.secondary import Calibration, NetBenefitDifference, Valued
from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Cell, Column, Footnotes, Group, Row, Table, numeric, unique
from ovcf_bench.report.format import interval, listed, number, p_value, signed

_SHOWN = (0.1, 0.2, 0.3, 0.5)  # threshold probabilities of the table; every one stands in the records
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


def net_benefit_table(findings: Findings) -> Table | None:
    """Return the paired differences of net benefit at a few threshold probabilities."""
    several = len(findings.sets) > 1
    groups = []
    for name, found in findings.sets.items():
        for one in found.comparisons:
            if one.net_benefit is not None:
                head = f"{one.a} − {one.b}" + (f", {name}" if several else "")
                groups.append(Group(head, tuple(_benefits(one.net_benefit))))
    if not groups:
        return None
    return Table(
        id="net-benefit-differences",
        caption="Differences of net benefit, on the same cases, at the prevalence of each set.",
        columns=(Column("Threshold probability", numeric=False), *numeric("Difference", "95 % interval")),
        groups=tuple(groups),
    )


def _benefits(found: NetBenefitDifference) -> Iterator[Row]:
    for at, threshold in enumerate(found.thresholds):
        if threshold in _SHOWN:
            cells = (Cell(signed(found.difference[at])), Cell(interval(found.ci[at], sign=True)))
            yield Row(number(threshold, 1), cells)


def _row(arm: str, one: Calibration, spiegelhalter: float | None, footnotes: Footnotes) -> Row:
    at = "study prevalence" if one.prevalence is None else f"prevalence {one.prevalence:g}"
    last = spiegelhalter if one.prevalence is None else None
    cells = tuple(_valued(getattr(one, name), footnotes) for name in _FIGURES)
    return Row(f"{arm}, {at}", (*cells, Cell(p_value(last))))


def _valued(one: Valued, footnotes: Footnotes) -> Cell:
    return Cell(number(one.value), detail=interval(one.ci) if one.ci else "", note=footnotes.letter(one.reason))
