"""Findings of a run folder, from its other records: neither pixels nor torch are needed."""

from __future__ import annotations

from pathlib import Path

from ovcf_bench import records, scores
from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.records import Findings
from ovcf_bench.findings.serialise import to_json
from ovcf_bench.study import read_lock


def rebuild(run: Path) -> Findings:
    """Compute findings.json of the run folder anew and write it. Raises RecordError when a record is missing."""
    folder = records.RunFolder(run)
    said = folder.read_json(records.PROVENANCE)
    found = build(
        read_lock(folder.read_text(records.LOCK)),
        scores.from_csv(folder.read_text(records.SCORES)),
        flow=folder.read_json(records.FLOW),
        cohort_table=folder.read_table(records.COHORT),
        declared=said["declared"],
        failed=[unit for unit in said["units"] if unit["status"] == "failed"],
    )
    folder.write_text(records.FINDINGS, to_json(found))
    return found
