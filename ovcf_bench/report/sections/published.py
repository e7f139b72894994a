"""Published figures beside ours, and whether they can belong together."""

from __future__ import annotations

from ovcf_bench.report.blocks import Block, Items, Paragraph, Section
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.published import audit_table, published_table

_NOT_TESTED = "These figures come from other patients and other networks: they stand beside ours and are not tested."


def published(run: RunRecords) -> Section:
    """Return the section; empty when the study names no published figures."""
    said = run.published
    if said is None or not said.figures:
        return Section("published", "Published figures", ())
    link = f"https://doi.org/{said.doi}" if said.doi else ""
    blocks: list[Block] = [Paragraph(_NOT_TESTED, link), published_table(run.findings, said)]
    audit = audit_table(run.findings)
    if audit is not None:
        blocks += [audit, Items(tuple((f"{one.set}.", one.sentence) for one in run.findings.audit))]
    return Section("published", "Published figures", tuple(blocks))
