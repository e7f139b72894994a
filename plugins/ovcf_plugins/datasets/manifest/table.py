"""From the words of a listing to an exam table, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ovcf_bench.api import DataError, Problem, one_of
from ovcf_plugins.datasets.files.listed import Reading, why_unusable
from ovcf_plugins.datasets.files.tables import labels_of
from ovcf_plugins.datasets.manifest.listing import read_listing
from ovcf_plugins.datasets.manifest.params import ManifestParams

_MOST_NAMED = 20  # rows with the same mistake; a wrong folder need not fill the screen a thousand times


def exam_table(file: str, texts: pd.DataFrame, covariates: pd.DataFrame, params: ManifestParams) -> pd.DataFrame:
    """Return the exam table of a listing without problems; `place` is the row of the file.

    exam_id defaults to the patient's only exam, image_id to exam, view and a number.
    """
    exams = pd.DataFrame({"patient_id": texts["patient_id"]})
    exams["exam_id"] = texts["exam_id"] if "exam_id" in texts else texts["patient_id"] + "-1"
    view = texts["view"].map(lambda word: params.views.get(word, word)) if params.views else texts["view"]
    number = exams["exam_id"].groupby([exams["exam_id"], view], sort=False).cumcount() + 1
    default = exams["exam_id"] + "-" + view + "-" + number.astype(str)
    exams["image_id"] = texts.get("image_id", default)
    exams["view"] = view
    exams["label"] = labels_of(texts["label"], params.positive, params.negative).astype(np.int8)
    exams["site"] = texts.get("site", params.site)
    exams["place"] = f"{file}, row " + texts.index.astype(str)
    exams["path"] = texts["path"]
    return exams.join(covariates).reset_index(drop=True)


def list_exams(file: Path, root: Path, params: ManifestParams) -> pd.DataFrame:
    """Return the exam table of a file. Raises DataError with everything that is wrong with its rows.

    Files that cannot be used are told with the other mistakes when there are any.
    """
    texts, covariates = read_listing(file, params)
    problems = RowProblems(file.name, texts, params)
    if problems.all():
        reading = Reading(params.grey, params.inverted)
        problems.add_unusable(why_unusable(root, texts["path"], reading, params.verify))
        raise DataError(*problems.all())
    return exam_table(file.name, texts, covariates, params)


class RowProblems:
    """Collects what is wrong with the rows of one file. Messages name rows, never their content."""

    def __init__(self, file: str, texts: pd.DataFrame, params: ManifestParams) -> None:
        self._file = file
        self._texts = texts
        self._params = params
        self._found: list[tuple[int, Problem]] = []
        self._more: list[Problem] = []

        for name in self._texts:
            self._add(self._texts.index[self._texts[name].isna()], f"{name} is empty")
        self._check_views()
        self._check_labels()
        self._check_unique("image_id")
        self._check_unique("path")

    def add_unusable(self, reasons: pd.Series) -> None:
        """Add the files that cannot be used; `reasons` is empty text for the others."""
        for reason in reasons[reasons != ""].unique():
            self._add(reasons.index[reasons == reason], reason)

    def all(self) -> list[Problem]:
        """Return all problems in the order of the rows."""
        return [problem for _, problem in sorted(self._found, key=lambda each: each[0])] + self._more

    def _add(self, rows: Sequence[int] | pd.Index, found: str, allowed: str = "") -> None:
        for row in rows[:_MOST_NAMED]:
            self._found.append((int(row), Problem(f"{self._file}, row {row}", found, allowed)))
        if len(rows) > _MOST_NAMED:
            self._more.append(Problem(self._file, f"{found} in {len(rows) - _MOST_NAMED} more rows", allowed))

    def _check_views(self) -> None:
        views = self._texts["view"].dropna()
        known = {*self._params.views, *self._params.views.values()}
        if known:
            self._add(views.index[~views.isin(known)], "unknown view", one_of("", known))

    def _check_labels(self) -> None:
        words = self._texts["label"]
        labels = labels_of(words, self._params.positive, self._params.negative)
        declared = [str(word) for word in (*self._params.negative, *self._params.positive)]
        self._add(words.index[labels.isna() & words.notna()], "unknown label", one_of("", declared))
        level = "exam" if self._params.label_level == "exam" and "exam_id" in self._texts else "patient"
        owner = self._texts[f"{level}_id"][labels.notna()].dropna()
        first = labels[owner.index].groupby(owner, sort=False).transform("first")
        allowed = "Allowed: one label per patient; or per exam, with exam_id and params.label_level: exam."
        self._add(owner.index[labels[owner.index] != first], f"the label differs from the {level}'s first one", allowed)

    def _check_unique(self, name: str) -> None:
        if name in self._texts:
            values = self._texts[name].dropna()
            self._add(values.index[values.duplicated()], f"the {name} stands in an earlier row already")
