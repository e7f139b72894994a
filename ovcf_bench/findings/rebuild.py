"""Findings of a folder, from its other records: neither pixels nor torch are needed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from ovcf_bench import records, scores
from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.findings.analysis import Analysis, SiteRecord, from_study
from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.serialise import to_json
from ovcf_bench.findings.values import Findings
from ovcf_bench.records import RunFolder
from ovcf_bench.study import read_lock


def rebuild(run: Path) -> Findings:
    """Compute findings.json of a run or a comparison anew and write it. Raises RecordError for a missing record."""
    folder = RunFolder(run)
    table = scores.from_csv(folder.read_text(records.SCORES))
    found = of_scores(_analysis(folder), table) if folder.has(records.ANALYSIS) else _of_run(folder, table)
    folder.write_text(records.FINDINGS, to_json(found))
    return found


def of_scores(analysis: Analysis, table: pd.DataFrame) -> Findings:
    """Return the findings of a score table that comes from no run: nothing of it was declared in advance."""
    covariates = table.drop_duplicates("patient_id")
    described = covariates.rename(columns={"set": "split"})[["patient_id", "split", "label", *analysis.subgroups]]
    return build(analysis, table, flow={}, cohort_table=described, declared={}, failed=[])


def _of_run(folder: RunFolder, table: pd.DataFrame) -> Findings:
    said = folder.read_json(records.PROVENANCE)
    return build(
        from_study(read_lock(folder.read_text(records.LOCK)), said.get("readers", {}), _sites(folder)),
        table,
        flow=folder.read_json(records.FLOW),
        cohort_table=folder.read_table(records.COHORT),
        declared=said["declared"],
        failed=[unit for unit in said["units"] if unit["status"] == "failed"],
    )


def _sites(folder: RunFolder) -> tuple[SiteRecord, ...]:
    """Return the sets that other sites scored."""
    known = folder.read_json(records.SITES) if folder.has(records.SITES) else {}
    return tuple(
        SiteRecord(name, said["images"], said["unusual_images"], said["hash_was_told"]) for name, said in known.items()
    )


def _analysis(folder: RunFolder) -> Analysis:
    try:
        return TypeAdapter(Analysis).validate_json(folder.read_text(records.ANALYSIS))
    except ValidationError as error:
        where = f"{folder.path.name}, {records.ANALYSIS}"
        raise RecordError(
            Problem(where, "is no analysis of this version", "Run `ovcf-bench compare` again.")
        ) from error
