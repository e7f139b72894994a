"""A study's data as it may leave the runner: pseudonymous rows, a frozen assignment, and a study to read them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench import splits as assignment
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.registry import Registry
from ovcf_bench.runner.opened import open_cohorts
from ovcf_bench.runner.prepare import assign_patients
from ovcf_bench.runner.watch import Watch
from ovcf_bench.study import Study

_IDS = ("patient", "exam", "image")


@dataclass(frozen=True, slots=True)
class SharedStudy:
    """Tables by cohort with a reader for their rows, and the texts of splits.csv and of a study that reads files."""

    tables: Mapping[str, pd.DataFrame]
    readers: Mapping[str, Callable[[int], np.ndarray[Any, Any]]]
    splits: str
    study: str


def share_study(study: Study, registry: Registry, key: Path | None, watch: Watch) -> SharedStudy:
    """Return every listed exam under pseudonyms, with the covariates that the study declares or drops by."""
    pseudonyms = Pseudonyms(load_key(key))
    opened = open_cohorts(study, registry, watch)
    _, _, splits = assign_patients(study, opened, pseudonyms)
    kept = [*study.document.covariates, *(rule.column for rule in study.eligibility)]
    tables, readers = {}, {}
    for name, cohort in opened.items():
        table = cohort.exams
        covariates = [column for column in dict.fromkeys(kept) if column in table.columns]
        hidden = {f"{kind}_id": pseudonyms.all(kind, table[f"{kind}_id"]) for kind in _IDS}  # type: ignore[arg-type]
        tables[name] = table[["view", "label", "site", *covariates]].assign(**hidden)
        readers[name] = _reader(cohort.dataset.read, cohort.rows())
    written = splits.assign(patient_id=pseudonyms.all("patient", splits["patient_id"]))
    return SharedStudy(tables, readers, assignment.to_csv(written), _study_from_files(study).to_yaml())


def _reader(
    read: Callable[[Mapping[str, Any]], np.ndarray[Any, Any]], rows: list[dict[str, Any]]
) -> Callable[[int], np.ndarray[Any, Any]]:
    return lambda number: read(rows[number])


def _study_from_files(study: Study) -> Study:
    """Return the study with its cohorts read from manifests and its assignment frozen, beside the study file."""
    document = study.document
    cohorts = {
        name: section.model_copy(update={"dataset": "manifest", "params": {"path": f"{name}/manifest.csv"}})
        for name, section in document.cohorts.items()
    }
    splits = document.splits.model_copy(update={"file": "splits.csv"})
    return dataclasses.replace(study, document=document.model_copy(update={"cohorts": cohorts, "splits": splits}))
