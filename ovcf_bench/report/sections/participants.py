"""Who took part: the flow, the characteristics, the proof that nothing leaks, the checks of the data."""

from __future__ import annotations

from ovcf_bench.report.blocks import Block, Figure, Paragraph, Section
from ovcf_bench.report.figures.flow import flow_columns, flow_values
from ovcf_bench.report.format import count
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.characteristics import characteristics_table
from ovcf_bench.report.tables.data_checks import checks_tables
from ovcf_bench.report.tables.participant_flow import flow_table


def participants(run: RunRecords) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    if run.flow is None:
        blocks.append(Paragraph("The records hold no participant flow: the scores came from elsewhere."))
    else:
        caption = "Participant flow. Steps apply in the order shown; splits are made by patient, once for all arms."
        blocks.append(Figure("flow", caption, tuple(flow_columns(run.flow)), data=flow_values(run.flow)))
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
