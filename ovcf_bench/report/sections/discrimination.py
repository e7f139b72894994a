"""How well each arm tells the classes apart: AUROC, ROC curves with every threshold, precision and recall."""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Block, Explorer, ExplorerSet, Figure, Paragraph, Section
from ovcf_bench.report.figures import precision_recall, roc
from ovcf_bench.report.figures.forest import COLUMNS, ForestGroup, ForestRow, forest, forest_values
from ovcf_bench.report.figures.plot import arm_style
from ovcf_bench.report.figures.values import as_csv
from ovcf_bench.report.format import estimate, listed
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.auroc import auroc_table
from ovcf_bench.report.tables.curves import curves_table


def discrimination(run: RunRecords) -> Section:
    """Return the section."""
    findings = run.findings
    table = curves_table(findings)
    blocks = (
        auroc_table(findings),
        *_forest(findings),
        *_roc(findings),
        *_precision_recall(findings),
        *([table] if table else []),
    )
    return Section("discrimination", "Discrimination", blocks)


def _forest(findings: Findings) -> Iterator[Figure]:
    groups = [
        ForestGroup(
            name,
            tuple(
                ForestRow(arm, estimate(result.auroc, result.ci), result.auroc, result.ci, arm_style(position))
                for position, (arm, result) in enumerate(found.arms.items())
            ),
        )
        for name, found in findings.sets.items()
    ]
    drawn = forest("auroc-forest-0", "AUROC by set and arm", "AUROC", groups, bounds=(0.0, 1.0))
    if drawn is not None:
        data = as_csv(COLUMNS, forest_values(groups, 0))
        yield Figure("auroc-forest", "AUROC with 95 % intervals, every arm on every set.", (drawn,), data=data)


def _roc(findings: Findings) -> Iterator[Block]:
    drawn = {
        name: plot
        for position, (name, found) in enumerate(findings.sets.items())
        if (plot := roc.roc_plot(name, found, position)) is not None
    }
    if not drawn:
        yield Paragraph("No arm has an ensemble to draw a ROC curve of.")
        return
    rows = (row for position, name in enumerate(drawn) for row in roc.roc_values(name, findings.sets[name], position))
    bands = {each.curve.band.method for name in drawn for each in findings.sets[name].arms.values() if each.curve.band}
    caption = "ROC curves, one panel per test set. Marks: the operating points."
    if bands and any(one.area for plot in drawn.values() for one in plot.series):
        caption += f" Bands: pointwise 95 % ({listed(sorted(bands))})."
    yield Figure("roc-curves", caption, tuple(drawn.values()), data=as_csv(roc.COLUMNS, rows))
    yield _explorer(findings, tuple(drawn))


def _explorer(findings: Findings, names: tuple[str, ...]) -> Explorer:
    sets = tuple(
        ExplorerSet(
            name=name,
            arms={
                arm: result.operating_point.threshold
                for arm, result in findings.sets[name].arms.items()
                if result.roc is not None
            },
            sizes={
                arm: (result.positives, result.negatives)
                for arm, result in findings.sets[name].arms.items()
                if result.roc is not None
            },
        )
        for name in names
    )
    prevalences = {
        each.prevalence
        for found in findings.sets.values()
        for result in found.arms.values()
        if result.operating_point.achieved is not None
        for each in result.operating_point.achieved.at_prevalence
    }
    return Explorer("thresholds", "roc-curves", sets, tuple(sorted(prevalences)))


def _precision_recall(findings: Findings) -> Iterator[Figure]:
    drawn = {
        name: plot
        for position, (name, found) in enumerate(findings.sets.items())
        if (plot := precision_recall.precision_recall_plot(name, found, position)) is not None
    }
    if not drawn:
        return
    rows = (
        row
        for position, name in enumerate(drawn)
        for row in precision_recall.precision_recall_values(findings.sets[name], position)
    )
    caption = "Precision against recall, at the prevalence of each set; the level line is a score that knows nothing."
    data = as_csv(precision_recall.COLUMNS, rows)
    yield Figure("precision-recall", caption, tuple(drawn.values()), data=data)
