"""A study's data as it may leave the runner: pseudonymous rows, a frozen assignment, and a study to read them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ovcf_bench import splits as assignment
from ovcf_bench.data.preparing import prepare
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.study import Study
from ovcf_bench.vocabulary import EXPORTED

_IDS = ("patient", "exam", "image")


@dataclass(frozen=True, slots=True)
class SharedStudy:
    """Tables by cohort with a reader for their rows, and the texts of splits.csv and of a study that reads files."""

    tables: Mapping[str, pd.DataFrame]
    readers: Mapping[str, Callable[[int], np.ndarray[Any, Any]]]
    splits: str
    study: str
    synthetic: bool  # every cohort is computed


def share_study(
    study: Study, registry: Registry, options: Options, watch: Watch, file_format: Literal["png", "dicom"]
) -> SharedStudy:
    """Return every listed exam under pseudonyms, with the covariates that the study declares or drops by.

    file_format : of the files that the exported study will read. The data are prepared as for a run, so that images
    which cannot be decoded are left out here as there, and the frozen assignment is that of the run.
    """
    pseudonyms = Pseudonyms(load_key(options.key))
    prepared = prepare(study, registry, pseudonyms, options, watch, training=False)
    opened = prepared.opened
    # Columns that eligibility reads go along, or the exported study could not drop whom this one dropped.
    kept = [*study.document.covariates, *(rule.column for rule in study.eligibility)]
    tables, readers = {}, {}
    for name, cohort in opened.items():
        table = cohort.exams
        # Only what the study names: a hospital's table may hold a name or a date of birth beside it.
        covariates = [column for column in dict.fromkeys(kept) if column in table.columns]
        hidden = {f"{kind}_id": pseudonyms.all(kind, table[f"{kind}_id"]) for kind in _IDS}  # type: ignore[arg-type]
        tables[name] = table[["view", "label", "site", *covariates]].assign(**hidden)
        readers[name] = functools.partial(_read, cohort.dataset, cohort.rows())
    return SharedStudy(
        tables,
        readers,
        assignment.to_csv(prepared.splits),
        _study_from_files(study, registry.dataset_of(file_format)).to_yaml(),
        all(each.plugin.synthetic for each in opened.values()),
    )


def _read(dataset: Dataset, rows: Sequence[Mapping[str, Any]], number: int) -> np.ndarray[Any, Any]:
    return dataset.read(rows[number])


def _study_from_files(study: Study, plugin: DatasetPlugin) -> Study:
    """Return the study with its cohorts read from files and its assignment frozen, beside the study file."""
    document = study.document
    assert plugin.exported is not None, "chosen for it"
    cohorts = {
        name: section.model_copy(update={"dataset": plugin.name, "params": plugin.exported(name, f"{name}/{EXPORTED}")})
        for name, section in document.cohorts.items()
    }
    # Dealt anew, the same patients would land elsewhere where one image could not be exported.
    splits = document.splits.model_copy(update={"file": "splits.csv"})
    return dataclasses.replace(study, document=document.model_copy(update={"cohorts": cohorts, "splits": splits}))


def list_images(study: Study, registry: Registry, key: Path | None, watch: Watch) -> pd.DataFrame:
    """Return every image of every cohort as its dataset lists it, and under which pseudonym messages name it.

    The table holds identifiers: it is for the user's eyes alone.
    """
    pseudonyms = Pseudonyms(load_key(key))
    tables = []
    for name, section in study.document.cohorts.items():
        dataset = registry.dataset(section.dataset).open(section.params, study.folder)
        tables.append(dataset.exams(watch.progress).assign(cohort=name))
    listed = pd.concat(tables, ignore_index=True)
    listed["pseudonym"] = pseudonyms.all("image", listed["image_id"].astype(str))
    said = ["cohort", "place", "pseudonym", "source", "unusable", "view", "evidence", "remark", "label"]
    return listed[[name for name in (*said, "patient_id", "exam_id", "image_id") if name in listed.columns]]
