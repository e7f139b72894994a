"""Writes the records of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import ovcf_bench
from ovcf_bench import records, scores, splits
from ovcf_bench.data.decoding import preprocessing_of
from ovcf_bench.data.preparing import Prepared
from ovcf_bench.errors import RecordError
from ovcf_bench.files import write_atomically
from ovcf_bench.hooks.files import source_of
from ovcf_bench.images import fit_usual_images
from ovcf_bench.plan import Plan, PlannedUnit
from ovcf_bench.provenance import machine, versions
from ovcf_bench.records import CheckResult, Provenance, RunFolder, StudyLimits, UnitOutcome, ViewLimits
from ovcf_bench.runner.assemble import cohort_table, history_table, score_table
from ovcf_bench.runner.jobs import JobMaker
from ovcf_bench.store import Store
from ovcf_bench.vocabulary import DEVELOPMENT, PREPROCESSING_VERSION, TRAINING_VERSION

if TYPE_CHECKING:
    from ovcf_bench.data.settings import Options
    from ovcf_bench.findings import Findings

_FEWEST = 20  # patients of a view; fewer say nothing about what is usual


@dataclass(frozen=True, slots=True)
class Execution:
    """How the units of a plan ended. `inputs` identifies what the records will have been made from."""

    plan: Plan
    failed: Mapping[PlannedUnit, str]
    declared: Mapping[str, bool]
    checks: Sequence[CheckResult]
    inputs: str
    study_hash: str  # of the study as declared, its precision not yet chosen: the run folder's name
    seconds: float


def is_complete(folder: RunFolder, inputs: str) -> bool:
    """Whether the folder holds all records of a run of these inputs, made by this version, without failures."""
    needed = (records.FINDINGS, records.SCORES, records.REPORT, records.PROVENANCE)
    if not all(folder.has(name) for name in needed):
        return False
    try:
        said = folder.read(records.PROVENANCE)
    except RecordError:  # damaged, or of another schema: it is written again
        return False
    return said.inputs == inputs and said.project_version == ovcf_bench.__version__


def write_records(folder: RunFolder, maker: JobMaker, execution: Execution, options: Options) -> Findings:
    """Write every record but the gallery and the report, and return the findings.

    What was made from older records goes first, so that nothing is stale.
    """
    from ovcf_bench import findings  # a second of imports that a plan or a check need not wait for

    prepared, store, units = maker.prepared, maker.store, execution.plan.units
    scored = score_table(prepared, units, store, maker.cases)
    said = _provenance(prepared, store, execution, options)
    for derived in (records.REPORT, records.FINDINGS, records.GALLERY):
        folder.remove(derived)
    folder.write_text(records.LOCK, prepared.study.to_yaml())
    for each in prepared.study.document.plugins:  # whoever uses the run later needs the code that it was made with
        write_atomically(folder.path / records.PLUGINS / Path(each).name, source_of(prepared.study.folder / each))
    folder.write_text(records.SPLITS, splits.to_csv(prepared.splits))
    folder.write(records.FLOW, prepared.flow)
    folder.write(records.CHECKS, tuple(execution.checks))
    folder.write_table(records.COHORT, cohort_table(prepared))
    folder.write_table(records.HISTORY, history_table(units, store))
    folder.write_text(records.SCORES, scores.to_csv(scored))
    folder.write(records.PROVENANCE, said)
    return findings.rebuild(folder.path)


def write_limits(folder: RunFolder, prepared: Prepared, options: Options) -> None:
    """Write limits.json. It holds means over all development images of a view, nothing of a single one."""
    preprocessing = preprocessing_of(prepared.study)
    images = prepared.images
    development = images[(images["split"] == DEVELOPMENT) & (images["digest"] != "")]
    views = {}
    for view, images in development.groupby("view", sort=True):
        if images["patient_id"].nunique() >= _FEWEST:
            pixels = options.cache.open([[key] for key in images["cache_key"]], preprocessing)
            seen = [pixels[np.array([row])][0, 0] for row in range(len(images))]
            views[str(view)] = ViewLimits(**fit_usual_images(seen, images["patient_id"].tolist()).to_json())
    folder.write(records.LIMITS, StudyLimits(preprocessing.version, views))


def _provenance(prepared: Prepared, store: Store, execution: Execution, options: Options) -> Provenance:
    study = prepared.study
    units = tuple(_unit(unit, store, execution.failed.get(unit)) for unit in execution.plan.units)
    return Provenance(
        project_version=ovcf_bench.__version__,
        command=options.command,
        study_file=options.study_file,
        study_hash=execution.study_hash,
        profile=study.profile,
        set=tuple(study.overrides),
        reduced=tuple(study.reduced),
        synthetic=tuple(prepared.synthetic),
        models={name: _model(name, execution.plan, store) for name in sorted({arm.model for arm in study.arms})},
        units=units,
        versions=versions(),
        **machine(),
        device=", ".join(sorted({unit.device for unit in units if unit.device})),
        threads=options.threads,
        workers=options.workers,
        seed=study.document.seed,
        seconds=round(execution.seconds, 1),
        optimistic_checkpoint=study.document.training.checkpoint == "best_accuracy_on_fold",
        training_version=TRAINING_VERSION,
        preprocessing_version=PREPROCESSING_VERSION,
        declared=dict(execution.declared),
        leakage=prepared.proof,
        readers={name: each.readers for name, each in prepared.existing.items() if len(each.readers) > 1},
        # Without failures only: a run with failed units is tried again.
        inputs=None if execution.failed else execution.inputs,
    )


def _unit(planned: PlannedUnit, store: Store, reason: str | None) -> UnitOutcome:
    made = store.record(planned.key).made if store.is_done(planned.key) else {}
    return UnitOutcome(
        unit=planned.unit,
        key=planned.key,
        status="done" if made else "failed",
        reason=reason or "",
        seconds=made.get("seconds"),
        device=made.get("device"),
        precision=made.get("precision"),
    )


def _model(name: str, plan: Plan, store: Store) -> dict[str, Any]:
    """Return what was really trained: class and parameters as built, starting weights as the plugin states them."""
    mine = [unit for unit in plan.units if unit.arm.model == name]
    facts = dict(mine[0].identity["model"]["facts"]) if mine else {}  # scores that exist have no units
    made = next((store.record(unit.key).made for unit in mine if store.is_done(unit.key)), {})
    return {"class": made.get("class"), "parameters": made.get("parameters"), **facts}
