"""How the run was made, so that it can be made again."""

from __future__ import annotations

from ovcf_bench.report.blocks import Block, Listing, Paragraph, Section
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.provenance import facts_table, models_table, source_table, units_table


def provenance(run: RunRecords) -> Section:
    """Return the section."""
    said = run.provenance
    blocks: list[Block] = []
    if run.source is not None:
        blocks += [Listing("This command makes the comparison again:", run.source.command), source_table(run.source)]
    elif said is None:
        blocks.append(Paragraph("The records do not say how the scores came about."))
    else:
        blocks += [Listing("This command makes the run again:", said.command), facts_table(said, run.findings)]
        blocks += [models_table(said)] if said.models and said.units else []
        blocks += [units_table(said)] if said.units else []
    if run.lock is not None:
        blocks.append(Listing("The resolved study (study.lock.yaml)", run.lock.rstrip(), folded=True))
    return Section("provenance", "Provenance", tuple(blocks))
