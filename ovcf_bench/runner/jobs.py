"""From a planned unit to the job that a process can carry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import by_fold
from ovcf_bench.data.decoding import preprocessing_of
from ovcf_bench.data.preparing import Prepared
from ovcf_bench.executors import Job
from ovcf_bench.hooks.contracts import Images, ModelPlugin, Pixels
from ovcf_bench.images import ImageCache
from ovcf_bench.plan import PlannedUnit, build_context, training_of
from ovcf_bench.provenance import versions
from ovcf_bench.seeds import stream
from ovcf_bench.store import Store
from ovcf_bench.training.fusion import FusionJob, run_fusion
from ovcf_bench.training.unit import FitJob, ScoreSet, run_unit
from ovcf_bench.vocabulary import DEVELOPMENT


@dataclass(frozen=True, slots=True)
class JobMaker:
    """Makes the jobs of a plan; `cases` are those of every combination of views."""

    prepared: Prepared
    models: Mapping[str, ModelPlugin]
    cases: Mapping[tuple[str, ...], pd.DataFrame]
    cache: ImageCache
    store: Store
    device: str
    threads: int

    def job(self, planned: PlannedUnit) -> Job:
        """Return the job of one unit: it learns from the other folds and scores its own fold and every test set."""
        if planned.needs:
            return Job(planned.name, run_fusion, self._fusion(planned))
        return Job(planned.name, run_unit, self._fit(planned))

    def _fusion(self, planned: PlannedUnit) -> FusionJob:
        others, sets = self._parts(planned)
        folds = self.prepared.study.document.splits.folds
        return FusionJob(
            **self._shared(planned),
            members=tuple(planned.needs[start : start + folds] for start in range(0, len(planned.needs), folds)),
            others=tuple(zip(others["exam_id"], others["fold"], others["label"], strict=True)),
            sets=tuple((name, _ids(part)) for name, part in sets.items()),
        )

    def _fit(self, planned: PlannedUnit) -> FitJob:
        study = self.prepared.study
        training = training_of(study.document.training, planned.arm)
        others, sets = self._parts(planned)
        chooses = others["patient_id"].isin(self.prepared.tuning.get(planned.unit.fold, set()))
        tune = sets[DEVELOPMENT] if training.checkpoint == "best_accuracy_on_fold" else others[chooses]
        return FitJob(
            **self._shared(planned),
            seed=stream(study.document.seed, "unit", planned.unit.repeat, planned.unit.fold),
            training=training,
            build=build_context(study, planned.arm),
            train=self._images(others[~chooses]),
            tune=self._images(tune) if len(tune) else None,
            sets=[ScoreSet(name, _ids(part), self._pixels(part)) for name, part in sets.items()],
            device=self.device,
            threads=self.threads,
        )

    def _shared(self, planned: PlannedUnit) -> dict[str, Any]:
        """Return what the jobs of all units hold (`UnitJob`)."""
        return {
            "key": planned.key,
            "identity": planned.identity,
            "unit": planned.unit,
            "plugin": self.models[planned.arm.model],
            "params": self.prepared.study.document.models[planned.arm.model].params,
            "store": self.store.folder,
            "versions": versions(),
        }

    def _parts(self, planned: PlannedUnit) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """Return the cases that a unit learns from, and by set those that it scores: its own fold, then the tests."""
        cases = self.cases[planned.arm.views]
        held_out, others = by_fold(cases, planned.unit.fold)
        tests = {name: cases[cases["split"] == name] for name in self.prepared.study.document.splits.tests}
        return others, {DEVELOPMENT: held_out, **tests}

    def _images(self, cases: pd.DataFrame) -> Images:
        return Images(self._pixels(cases), cases["label"].to_numpy(dtype=np.uint8)[:, None])

    def _pixels(self, cases: pd.DataFrame) -> Pixels:
        return self.cache.open(cases["cache_keys"].tolist(), preprocessing_of(self.prepared.study))


def _ids(cases: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    return tuple(zip(cases["patient_id"], cases["exam_id"], cases["image_id"], strict=True))
