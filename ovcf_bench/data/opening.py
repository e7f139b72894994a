"""The cohorts of a study as their datasets list them, and the images that cannot be used."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import Unusable, check_exams, list_exams, open_dataset, refuse_unusable, separate
from ovcf_bench.data.settings import Watch
from ovcf_bench.errors import DataError, Problem, one_of
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin, Params
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.records import LeftOut
from ovcf_bench.study import Study


@dataclass(frozen=True, slots=True)
class Opened:
    """A cohort's dataset and its checked exam table, identifiers as the dataset gives them.

    unusable : images that were left out, with where the user finds them and why.
    """

    name: str
    plugin: DatasetPlugin
    params: Params
    dataset: Dataset
    exams: pd.DataFrame
    unusable: tuple[Unusable, ...] = ()

    def rows(self, images: pd.DataFrame | None = None) -> list[dict[str, Any]]:
        """Return rows of the exam table (all, or those whose image_id is given) as `read` takes them."""
        table = self.exams if images is None else self.exams.iloc[images["row"].tolist()]
        return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]

    def without(self, failed: Mapping[int, Unusable]) -> Opened:
        """Return the cohort without the images at these rows of its table."""
        kept = self.exams.drop(index=list(failed)).reset_index(drop=True)
        if kept.empty:
            raise DataError(Problem(f"cohort {self.name!r}", "none of its images can be used"))
        return dataclasses.replace(self, exams=kept, unusable=(*self.unusable, *failed.values()))

    def reasons(self) -> tuple[LeftOut, ...]:
        """Return how many images were left out for each reason."""
        return tuple(LeftOut(*each) for each in Counter(each.reason for each in self.unusable).items())


def open_cohorts(study: Study, registry: Registry, watch: Watch) -> dict[str, Opened]:
    """Return every cohort of the study. Raises DataError with the problems of all cohorts at once."""
    problems: list[Problem] = []
    found: dict[str, Opened] = {}
    for name, section in study.document.cohorts.items():
        try:
            opened = _open(name, registry.dataset(section.dataset), section.params, study, watch)
        except DataError as error:
            problems += error.problems
            continue
        if study.document.on_bad_image == "error":
            problems += refuse_unusable(opened.unusable, f"cohort {name!r}")
        found[name] = opened
    if problems:
        raise DataError(*dict.fromkeys(problems))  # two cohorts may share a mistake
    _check_columns(study, found)
    return found


def _open(name: str, plugin: DatasetPlugin, params: Params, study: Study, watch: Watch) -> Opened:
    dataset = open_dataset(plugin, params, study.folder, f"cohort {name!r}")
    table = list_exams(plugin, dataset, watch.progress, f"cohort {name!r}")
    listed, unusable = separate(table, f"cohort {name!r}")
    # The contract of an empty table would hide the reasons why it is empty.
    if listed.empty and unusable and study.document.on_bad_image == "error":
        return Opened(name, plugin, params, dataset, listed, tuple(unusable))
    exams = check_exams(listed, f"cohort {name!r}")
    return Opened(name, plugin, params, dataset, exams.assign(views=views_of_exams(exams)), tuple(unusable))


def views_of_exams(exams: pd.DataFrame) -> pd.Series[str]:
    """Return, for every image, the views that its exam has: "ap+lateral"."""
    exam, _ = pd.factorize(exams["exam_id"])
    names = sorted(exams["view"].unique())
    has = np.zeros(exam.max() + 1, dtype=np.int64)  # one bit for each view
    for bit, name in enumerate(names):
        has[exam[(exams["view"] == name).to_numpy()]] |= 1 << bit
    words = {int(bits): "+".join(name for bit, name in enumerate(names) if bits >> bit & 1) for bits in np.unique(has)}
    return pd.Series(has[exam], index=exams.index).map(words)


def _check_columns(study: Study, opened: Mapping[str, Opened]) -> None:
    known = sorted({view for each in opened.values() for view in each.exams["view"].unique()})
    wanted = {view for arm in study.arms for view in arm.views}
    problems = [Problem("arms", f"unknown view {view!r}", one_of(view, known)) for view in sorted(wanted - {*known})]
    for name, each in opened.items():
        problems += [
            Problem(f"covariates, cohort {name!r}", f"unknown column {column!r}", one_of(column, each.exams.columns))
            for column in study.document.covariates
            if column not in each.exams.columns
        ]
    if problems:
        raise DataError(*problems)
