"""How far the results hang on folds, seeds, thresholds and numbers: what a reviewer asks next."""

from __future__ import annotations

from ovcf_bench.report.blocks import Block, Figure, Paragraph, Section
from ovcf_bench.report.figures.training import COLUMNS, training_plots, training_values
from ovcf_bench.report.figures.values import as_csv
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.robustness import detectable_table, folds_table, multiplicity_table, transfer_table


def robustness(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    tables = (transfer_table(findings), detectable_table(findings), multiplicity_table(findings), folds_table(findings))
    blocks: list[Block] = [each for each in tables if each is not None]
    plots = training_plots(run.history)
    if plots:
        caption = "Learning curves: training loss by epoch, one panel per arm and one line per network."
        data = as_csv(COLUMNS, training_values(run.history))
        blocks.append(Figure("training-curves", caption, tuple(plots), data=data))
    elif run.source is None:
        blocks.append(Paragraph("The records hold no training history."))
    return Section("robustness", "Robustness", tuple(blocks))
