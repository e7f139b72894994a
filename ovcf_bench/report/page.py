"""Puts the page together: title, answer, notices, and the sections in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ovcf_bench.findings.values import Findings
from ovcf_bench.report.blocks import Block, Figure, Items, Listing, Paragraph, Section, Table
from ovcf_bench.report.figures.flow import flow_columns
from ovcf_bench.report.figures.net_benefit import net_benefit_plot
from ovcf_bench.report.figures.roc import roc_plot
from ovcf_bench.report.figures.training import training_plots
from ovcf_bench.report.format import count, number, p_phrase
from ovcf_bench.report.notices import Notice, notices
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.auroc import auroc_table
from ovcf_bench.report.tables.beside import (
    folds_table,
    measures_table,
    readers_table,
    sensitivity_table,
    subgroup_table,
)
from ovcf_bench.report.tables.characteristics import characteristics_table
from ovcf_bench.report.tables.comparisons import delong_table, verdict_table
from ovcf_bench.report.tables.data_checks import checks_tables
from ovcf_bench.report.tables.operating_points import operating_blocks
from ovcf_bench.report.tables.participant_flow import flow_table
from ovcf_bench.report.tables.probability import calibration_table, net_benefit_table
from ovcf_bench.report.tables.provenance import facts_table, models_table, source_table, units_table
from ovcf_bench.report.tables.published import audit_table, published_table

_NOT_ALIKE = (
    "A p-value above .05 does not show that two views are comparable. That takes a margin, declared before the test "
    "scores exist, and an interval that stays within it."
)


_AT_PREVALENCE = "PPV, NPV, accuracy and F1 hold at the prevalence of each set unless another one is named."
_FROM_DEVELOPMENT = (
    "The threshold of an arm is fitted on scores of development, then frozen. Where development scores come from "
    "single networks and test scores from their ensemble, the same threshold may act otherwise, so both stand side by "
    f"side. {_AT_PREVALENCE}"
)


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page; `version` is that of the program that made the run, `source` says what the page rests on."""

    title: str
    question: str
    answer: tuple[str, ...]
    notices: tuple[Notice, ...]
    sections: tuple[Section, ...]
    version: str
    kicker: str = "Study report"
    source: str = " from the records beside this file. Every result stands in findings.json at full precision."


def make_page(run: RunRecords) -> Page:
    """Return the page of a run; a section whose record is absent says so in one line."""
    study = run.findings.study
    sections = (
        _cautions(run.findings),
        _participants(run),
        Section("discrimination", "Discrimination", (auroc_table(run.findings),)),
        _comparisons(run.findings),
        _beside(run.findings),
        _operating_points(run.findings),
        _probabilities(run.findings),
        _roc_curves(run.findings),
        _training(run),
        *_published(run),
        _provenance(run),
    )
    return Page(
        title=study.title,
        question=study.question,
        answer=tuple(sentence.text for sentence in run.findings.summary),
        notices=notices(run),
        sections=_numbered([section for section in sections if section.blocks]),
        kicker="Study report" if run.source is None else "Comparison of scores",
        version=next((each.project_version for each in (run.provenance, run.source) if each is not None), ""),
    )


def _numbered(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Number tables and figures in the order of the page."""
    tables = figures = 0
    numbered = []
    for section in sections:
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Table):
                tables += 1
                block = replace(block, label=f"Table {tables}")
            elif isinstance(block, Figure):
                figures += 1
                block = replace(block, label=f"Figure {figures}")
            blocks.append(block)
        numbered.append(replace(section, blocks=tuple(blocks)))
    return tuple(numbered)


def _cautions(findings: Findings) -> Section:
    """Return the cautions that the answer does not say already."""
    said = {sentence.text for sentence in findings.summary}
    cautions = tuple(("", note) for note in findings.notes if note not in said)
    return Section("cautions", "How to read these results", (Items(cautions),) if cautions else ())


def _participants(run: RunRecords) -> Section:
    blocks: list[Block] = []
    if run.flow is None:
        blocks.append(Paragraph("The records hold no participant flow: the scores came from elsewhere."))
    else:
        caption = "Participant flow. Steps apply in the order shown; splits are made by patient, once for all arms."
        blocks.append(Figure("flow", caption, tuple(flow_columns(run.flow))))
    characteristics = characteristics_table(run.findings, run.flow)
    blocks.append(characteristics or Paragraph("The records hold no covariates to describe the patients with."))
    if run.flow is not None:
        blocks.append(flow_table(run.flow))
    if run.provenance is not None:
        proof = run.provenance.leakage
        checked = f"{count(proof.patients_checked)} patients and {count(proof.images_checked)} images were checked."
        blocks.append(Paragraph(f"{proof.statement.rstrip('.')}. {checked}"))
    blocks += checks_tables(run.checks)
    return Section("participants", "Participants", tuple(blocks))


def _comparisons(findings: Findings) -> Section:
    delong = delong_table(findings)
    if delong is None:
        nothing = Paragraph("The study declares no comparison, so no test was made.")
        return Section("comparisons", "Comparisons", (nothing,))
    verdicts = verdict_table(findings)
    several = len(findings.sets) > 1
    conclusions = tuple(
        (f"On {name}." if several else "", one.conclusion)
        for name, found in findings.sets.items()
        for one in found.comparisons
        if one.conclusion
    )
    blocks: list[Block] = [Paragraph(_NOT_ALIKE), delong]
    blocks += [Paragraph(text) for text in _omnibus(findings)]
    blocks += [verdicts] if verdicts else []
    blocks += [Items(conclusions)] if conclusions else []
    return Section("comparisons", "Comparisons", tuple(blocks))


def _beside(findings: Findings) -> Section:
    """Return what stands beside the main tests."""
    made = (
        readers_table(findings),
        sensitivity_table(findings),
        measures_table(findings),
        subgroup_table(findings),
        folds_table(findings),
    )
    return Section("beside", "Beside the main tests", tuple(table for table in made if table is not None))


def _probabilities(findings: Findings) -> Section:
    table = calibration_table(findings)
    if table is None:
        return Section("probabilities", "Scores as probabilities", ())
    plots = [net_benefit_plot(name, found, position) for position, (name, found) in enumerate(findings.sets.items())]
    caption = "Net benefit (Vickers and Elkin 2006) at the prevalence of each set. Treating nobody is the axis."
    figure = Figure("net-benefit", caption, tuple(plot for plot in plots if plot is not None))
    differences = net_benefit_table(findings)
    blocks: tuple[Block, ...] = (table, figure, *([differences] if differences else []))
    return Section("probabilities", "Scores as probabilities", blocks)


def _omnibus(findings: Findings) -> Iterator[str]:
    """Yield the test of all arms at once, where there are more than two."""
    for name, found in findings.sets.items():
        test = found.omnibus
        if test.p is not None:
            yield f"All arms on {name} at once: χ² = {number(test.chi2, 2)}, df = {test.df}, {p_phrase(test.p)}."
        elif len(found.arms) > 2:
            yield f"All arms on {name} at once: no test ({test.reason})."


def _operating_points(findings: Findings) -> Section:
    text = _FROM_DEVELOPMENT if any(found.n for found in findings.development.values()) else _AT_PREVALENCE
    return Section("operating-points", "Operating points", (Paragraph(text), *operating_blocks(findings)))


def _roc_curves(findings: Findings) -> Section:
    plots = [roc_plot(name, found, position) for position, (name, found) in enumerate(findings.sets.items())]
    drawn = tuple(plot for plot in plots if plot is not None)
    if not drawn:
        return Section("roc", "ROC curves", (Paragraph("No arm has an ensemble to draw a curve of."),))
    caption = "ROC curves, one panel per test set. Marks: the operating points."
    return Section("roc", "ROC curves", (Figure("roc-curves", caption, drawn),))


def _training(run: RunRecords) -> Section:
    plots = training_plots(run.history)
    if not plots and run.source is not None:
        return Section("training", "Training", ())
    if not plots:
        return Section("training", "Training", (Paragraph("The records hold no training history."),))
    caption = "Training loss by epoch, one panel per arm and one line per network."
    return Section("training", "Training", (Figure("training-curves", caption, tuple(plots)),))


def _published(run: RunRecords) -> Iterator[Section]:
    if run.published is None or not run.published.figures:
        return
    text = "These figures come from other patients and other networks: they stand beside ours and are not tested."
    link = f"https://doi.org/{run.published.doi}" if run.published.doi else ""
    blocks: list[Block] = [Paragraph(text, link), published_table(run.findings, run.published)]
    audit = audit_table(run.findings)
    if audit is not None:
        blocks += [audit, Items(tuple((f"{one.set}.", one.sentence) for one in run.findings.audit))]
    yield Section("published", "Published figures", tuple(blocks))


def _provenance(run: RunRecords) -> Section:
    said = run.provenance
    blocks: list[Block] = []
    if run.source is not None:
        blocks += [Listing("This command makes the comparison again:", run.source.command), source_table(run.source)]
    elif said is None:
        blocks.append(Paragraph("The records do not say how the scores came about."))
    else:
        blocks += [Listing("This command makes the run again:", said.command), facts_table(said, run.findings)]
        blocks += [models_table(said)] if said.models else []
        blocks += [units_table(said)] if said.units else []
    if run.lock is not None:
        blocks.append(Listing("The resolved study (study.lock.yaml)", run.lock.rstrip(), folded=True))
    return Section("provenance", "Provenance", tuple(blocks))
