"""Everything that a page is made from, read from the records of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.findings import FINDINGS, Findings
from ovcf_bench.records import (
    CheckResult,
    Epoch,
    GalleryPictures,
    Provenance,
    RunFolder,
    SideBySide,
    Source,
    read_history,
)
from ovcf_bench.study import Study


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Everything the page is made from. Only the findings must be there; what else is absent is None or empty."""

    findings: Findings
    provenance: Provenance | None
    source: Source | None
    history: tuple[Epoch, ...]
    checks: tuple[CheckResult, ...]
    gallery: GalleryPictures | None
    lock: str | None
    study: Study | None
    side_by_side: SideBySide | None = None


def read_run(run: Path) -> RunRecords:
    """Return the records of a run folder. Raises RecordError naming the record that is missing or broken."""
    folder = RunFolder(run)
    lock = folder.read_text(records.LOCK) if folder.has(records.LOCK) else None
    return RunRecords(
        findings=folder.read(FINDINGS),
        provenance=folder.find(records.PROVENANCE),
        source=folder.find(records.SOURCE),
        history=tuple(read_history(folder)) if folder.has(records.HISTORY) else (),
        checks=folder.find(records.CHECKS) or (),
        gallery=folder.find(records.GALLERY),
        lock=lock,
        study=folder.study() if lock else None,
        side_by_side=folder.find(records.SIDE_BY_SIDE),
    )
