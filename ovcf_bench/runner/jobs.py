"""From a planned unit to the job that a process can carry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ovcf_bench.data.preparing import Prepared, preprocessing_of
from ovcf_bench.executors import Job
from ovcf_bench.hooks.contracts import Images, ModelPlugin
from ovcf_bench.images import ImageCache, Preprocessing
from ovcf_bench.plan import PlannedUnit, build_context, training_of
from ovcf_bench.provenance import versions
from ovcf_bench.seeds import stream
from ovcf_bench.store import Store
from ovcf_bench.training.fusion import FusionJob, run_fusion
from ovcf_bench.training.unit import ScoreSet, UnitJob, run_unit
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

    def job(self, unit: PlannedUnit) -> Job:
        """Return the job of one unit: it learns from the other folds and scores its own fold and every test set."""
        if unit.needs:
            return Job(unit.name, run_fusion, self._fusion(unit))
        return Job(unit.name, run_unit, self._unit(unit))

    def _fusion(self, unit: PlannedUnit) -> FusionJob:
        study = self.prepared.study
        cases = self.cases[unit.arm.views]
        development = cases["split"] == DEVELOPMENT
        held_out = cases[development & (cases["fold"] == unit.fold)]
        others = cases[development & (cases["fold"] != unit.fold)]
        tests = [(name, cases[cases["split"] == name]) for name in study.document.splits.tests]
        folds = study.document.splits.folds
        return FusionJob(
            key=unit.key,
            identity=unit.identity,
            arm=unit.arm.name,
            repeat=unit.repeat,
            fold=unit.fold,
            plugin=self.models[unit.arm.model],
            params=study.document.models[unit.arm.model].params,
            members=tuple(unit.needs[start : start + folds] for start in range(0, len(unit.needs), folds)),
            others=tuple(zip(others["exam_id"], others["fold"], others["label"], strict=True)),
            sets=tuple((name, _ids(part)) for name, part in [(DEVELOPMENT, held_out), *tests]),
            store=self.store.folder,
            versions=versions(),
        )

    def _unit(self, unit: PlannedUnit) -> UnitJob:
        study = self.prepared.study
        section = study.document.models[unit.arm.model]
        training = training_of(study.document.training, unit.arm)
        cases = self.cases[unit.arm.views]
        development = cases[cases["split"] == DEVELOPMENT]
        held_out = development[development["fold"] == unit.fold]
        others = development[development["fold"] != unit.fold]
        chooses = others["patient_id"].isin(self.prepared.tuning.get(unit.fold, set()))
        tune = held_out if training.checkpoint == "best_accuracy_on_fold" else others[chooses]
        sets = [(DEVELOPMENT, held_out)]
        sets += [(name, cases[cases["split"] == name]) for name in study.document.splits.tests]
        return UnitJob(
            key=unit.key,
            identity=unit.identity,
            arm=unit.arm.name,
            repeat=unit.repeat,
            fold=unit.fold,
            seed=stream(study.document.seed, "unit", unit.repeat, unit.fold),
            plugin=self.models[unit.arm.model],
            params=section.params,
            training=training,
            build=build_context(study, unit.arm),
            train=self._images(others[~chooses]),
            tune=self._images(tune) if len(tune) else None,
            sets=[self._score_set(name, part) for name, part in sets],
            store=self.store.folder,
            device=self.device,
            threads=self.threads,
            versions=versions(),
        )

    def _images(self, cases: pd.DataFrame) -> Images:
        labels = cases["label"].to_numpy(dtype=np.uint8)[:, None]
        return Images(self.cache.open(cases["cache_keys"].tolist(), self._preprocessing), labels)

    def _score_set(self, name: str, cases: pd.DataFrame) -> ScoreSet:
        return ScoreSet(name, _ids(cases), self.cache.open(cases["cache_keys"].tolist(), self._preprocessing))

    @property
    def _preprocessing(self) -> Preprocessing:
        return preprocessing_of(self.prepared.study)


def _ids(cases: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    return tuple(zip(cases["patient_id"], cases["exam_id"], cases["image_id"], strict=True))
