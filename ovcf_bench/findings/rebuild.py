"""Findings as records, and computed again from the other records of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ovcf_bench import records, scores
from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.findings.analysis import Analysis, SiteRecord, from_study
from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.values import SCHEMA, Findings
from ovcf_bench.records import RUN_AGAIN, Record, RunFolder

FINDINGS: Record[Findings] = Record(
    "findings.json", Findings, "`ovcf-bench report RUN` makes it anew from the other records.", SCHEMA
)
ANALYSIS: Record[Analysis] = Record(
    "analysis.json", Analysis, "Make it again by `ovcf-bench compare`, or by `report` with the runs."
)
_OF_PATIENTS = ("patient_id", "split", "label")  # columns without which a table describes no cohort


def rebuild(run: Path) -> Findings:
    """Compute findings.json of a run or a comparison anew and write it.

    Raises RecordError for a missing record, or one that lacks a column.
    """
    folder = RunFolder(run)
    table = scores.from_csv(folder.read_text(records.SCORES))
    # A comparison that lost its analysis is no run, whose records it never had.
    analysis = folder.read(ANALYSIS) if folder.has(records.SOURCE) else folder.find(ANALYSIS)
    if analysis:
        _check_columns(folder, records.SCORES, table, analysis.subgroups, ANALYSIS.anew)
    found = of_scores(analysis, table) if analysis else _of_run(folder, table)
    folder.write(FINDINGS, found)
    return found


def of_scores(analysis: Analysis, table: pd.DataFrame) -> Findings:
    """Return the findings of a score table that comes from no run: nothing of it was declared in advance."""
    # A table of scores has no cohort.csv beside it: what it says of patients stands in its own rows.
    covariates = table.drop_duplicates("patient_id")
    described = covariates.rename(columns={"set": "split"})[[*_OF_PATIENTS, *analysis.subgroups]]
    return build(analysis, table, flow=None, cohort_table=described, declared={}, failed=[])


def _of_run(folder: RunFolder, table: pd.DataFrame) -> Findings:
    said, cohort = folder.read(records.PROVENANCE), folder.read_table(records.COHORT)
    _check_columns(folder, records.COHORT, cohort, _OF_PATIENTS, RUN_AGAIN)
    return build(
        from_study(folder.study(), said.readers, _sites(folder)),
        table,
        flow=folder.read(records.FLOW),
        cohort_table=cohort,
        # From the record, never from the ledger: a comparison that was late stays late on any machine.
        declared=said.declared,
        failed=said.failed,
    )


def _check_columns(folder: RunFolder, name: str, table: pd.DataFrame, wanted: Sequence[str], anew: str) -> None:
    lacking = [each for each in wanted if each not in table.columns]
    if lacking:
        raise RecordError(Problem(f"run {folder.name}, {name}", f"lacks {', '.join(lacking)}", anew))


def _sites(folder: RunFolder) -> tuple[SiteRecord, ...]:
    """Return the sets that other sites scored."""
    known = folder.find(records.SITES) or {}
    return tuple(SiteRecord(name, said.images, said.unusual_images, said.hash_was_told) for name, said in known.items())
