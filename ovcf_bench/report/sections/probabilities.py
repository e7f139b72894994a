"""Scores read as probabilities: calibration and clinical utility."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Block, Figure, Section
from ovcf_bench.report.figures import calibration, net_benefit
from ovcf_bench.report.figures.plot import Plot
from ovcf_bench.report.figures.values import as_csv
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.probability import calibration_table, net_benefit_table


def probabilities(run: RunRecords) -> Section:
    """Return the section; empty when no arm gives probabilities."""
    findings = run.findings
    table = calibration_table(findings)
    if table is None:
        return Section("probabilities", "Scores as probabilities", ())
    differences = net_benefit_table(findings)
    blocks: tuple[Block, ...] = (
        table,
        *_calibration(findings),
        *_histograms(findings),
        *_net_benefit(findings),
        *([differences] if differences else []),
    )
    return Section("probabilities", "Scores as probabilities", blocks)


def _calibration(findings: Findings) -> Iterator[Figure]:
    drawn = {
        name: plot
        for at, (name, found) in enumerate(findings.sets.items())
        if (plot := calibration.calibration_plot(name, found, at)) is not None
    }
    if drawn:
        rows = (row for at, name in enumerate(drawn) for row in calibration.calibration_values(findings.sets[name], at))
        caption = (
            "Calibration at the prevalence of each set: lines are smoothed (lowess), dots are tenths of the cases with "
            "Wilson intervals, the diagonal is perfect."
        )
        data = as_csv(calibration.COLUMNS, rows)
        yield Figure("calibration-curves", caption, tuple(drawn.values()), data=data)


def _histograms(findings: Findings) -> Iterator[Figure]:
    panels: list[Plot] = []
    rows = []
    for at, (name, found) in enumerate(findings.sets.items()):
        rows += list(calibration.histogram_values(found, len(panels)))
        panels += calibration.histogram_plots(name, found, at)
    if panels:
        caption = "How many cases of each class have which probability."
        yield Figure("histograms", caption, tuple(panels), data=as_csv(calibration.BAR_COLUMNS, rows))


def _net_benefit(findings: Findings) -> Iterator[Figure]:
    drawn = {
        name: plot
        for at, (name, found) in enumerate(findings.sets.items())
        if (plot := net_benefit.net_benefit_plot(name, found, at)) is not None
    }
    if drawn:
        rows = (row for at, name in enumerate(drawn) for row in net_benefit.net_benefit_values(findings.sets[name], at))
        caption = "Net benefit (Vickers and Elkin 2006) at the prevalence of each set. Treating nobody is the axis."
        data = as_csv(net_benefit.COLUMNS, rows)
        yield Figure("net-benefit", caption, tuple(drawn.values()), data=data)
