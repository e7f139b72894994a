"""From the words of a listing to an exam table, with everything that is wrong told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.api import EXAM_COLUMNS, Problem, one_of
from ovcf_plugins.datasets.manifest import ManifestParams
from ovcf_plugins.datasets.manifest.picture import SUFFIXES, UnreadableError, inspect

_MOST_NAMED = 20  # rows with the same mistake; a wrong folder need not fill the screen a thousand times


def exam_table(texts: pd.DataFrame, covariates: pd.DataFrame, params: ManifestParams) -> pd.DataFrame:
    """Return the exam table of a listing without problems; `source` is row number and path.

    exam_id defaults to the patient's only exam, image_id to exam, view and a number.
    """
    exams = pd.DataFrame({"patient_id": texts["patient_id"]})
    exams["exam_id"] = texts["exam_id"] if "exam_id" in texts else texts["patient_id"] + "-1"
    view = texts["view"].map(lambda word: params.views.get(word, word)) if params.views else texts["view"]
    number = exams["exam_id"].groupby([exams["exam_id"], view], sort=False).cumcount() + 1
    default = exams["exam_id"] + "-" + view + "-" + number.astype(str)
    exams["image_id"] = texts.get("image_id", default)
    exams["view"] = view
    exams["label"] = labels_of(texts["label"], params).astype(np.int8)
    exams["site"] = texts.get("site", params.site)
    # The row number travels with the path: an error while decoding can say where it is.
    exams["source"] = texts.index.astype(str) + ":" + texts["path"]
    return exams[list(EXAM_COLUMNS)].join(covariates).reset_index(drop=True)


def labels_of(words: pd.Series, params: ManifestParams) -> pd.Series:
    """Return 1, 0, or NaN where a word is neither positive nor negative; "1.0" counts as 1."""
    meanings = {str(word): 0 for word in params.negative} | {str(word): 1 for word in params.positive}
    numbers = {_number(word): meaning for word, meaning in meanings.items() if _number(word) is not None}
    found = {word: meanings.get(word, numbers.get(_number(word))) for word in words.dropna().unique()}
    return words.map(found).astype(float)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


class RowProblems:
    """Collects what is wrong with the rows of one file. Messages name rows, never their content."""

    def __init__(self, file: str, texts: pd.DataFrame, params: ManifestParams, root: Path) -> None:
        self._file = file
        self._texts = texts
        self._params = params
        self._root = root
        self._found: list[tuple[int, Problem]] = []
        self._more: list[Problem] = []

    def all(self) -> list[Problem]:
        """Return all problems in the order of the rows."""
        for name in self._texts:
            self._add(self._texts.index[self._texts[name].isna()], f"{name} is empty")
        self._check_views()
        self._check_labels()
        self._check_unique("image_id")
        self._check_unique("path")
        self._check_files()
        return [problem for _, problem in sorted(self._found, key=lambda each: each[0])] + self._more

    def _add(self, rows: Sequence[int] | pd.Index, found: str, allowed: str = "") -> None:
        for row in rows[:_MOST_NAMED]:
            self._found.append((int(row), Problem(f"{self._file}, row {row}", found, allowed)))
        if len(rows) > _MOST_NAMED:
            self._more.append(Problem(self._file, f"{found} in {len(rows) - _MOST_NAMED} more rows", allowed))

    def _add_each(self, found: Mapping[int, str], allowed: str = "") -> None:
        for text in dict.fromkeys(found.values()):
            self._add([row for row, each in found.items() if each == text], text, allowed)

    def _check_views(self) -> None:
        views = self._texts["view"].dropna()
        known = {*self._params.views, *self._params.views.values()}
        if known:
            self._add(views.index[~views.isin(known)], "unknown view", one_of("", known))

    def _check_labels(self) -> None:
        words = self._texts["label"]
        labels = labels_of(words, self._params)
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

    def _check_files(self) -> None:
        paths = self._texts["path"].dropna()
        allowed = f"Allowed: {', '.join(SUFFIXES)}."
        known = np.array([path.lower().endswith(SUFFIXES) for path in paths], dtype=bool)
        self._add(paths.index[~known], "unknown kind of file", allowed)
        paths = paths[known]
        there = are_there(self._root, paths.tolist())
        allowed = "Paths start at the folder of the CSV file, or at params.root."
        self._add(paths.index[~there], "the image file is not there", allowed)
        if self._params.verify == "header":
            self._add_each(dict(_unreadable(self._root, paths[there])))


def _unreadable(root: Path, paths: pd.Series) -> list[tuple[Any, str]]:
    found = []
    for row, path in paths.items():
        try:
            inspect(root / path)
        except UnreadableError as error:
            found.append((row, str(error)))
    return found


def are_there(root: Path, paths: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which files exist, by listing their folders: far quicker than asking for a million of them."""
    names: dict[str, set[str]] = {}
    there = np.zeros(len(paths), dtype=bool)
    for position, path in enumerate(paths):
        name = path.rpartition("/")[2]
        folder = path[: len(path) - len(name)]  # with its slash: "/" is not ""
        if folder not in names:
            names[folder] = _files_in(root / folder)
        # What a listing lacks may be there all the same: systems differ on case, accents and separators.
        there[position] = name in names[folder] or (bool(names[folder]) and (root / path).is_file())
    return there


def _files_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except OSError:
        return set()
