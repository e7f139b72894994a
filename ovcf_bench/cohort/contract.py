"""What a dataset plugin lists, held against the contract of an exam table: identifiers are never shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.errors import DataError, PluginError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin, Progress
from ovcf_bench.vocabulary import EXAM_COLUMNS
from ovcf_bench.wording import plural

_OFFERS = ("exams", "read", "fingerprint")
_OFFERED = "exams(progress), read(row) and fingerprint(row)"
_MOST_ROWS_NAMED = 20
_IDS = ("image_id", "exam_id", "patient_id")  # the longest first: one may hold another
_SHORTEST_ID, _SHORTEST_NUMBER = 3, 6  # letters that can be told from other words
_IF_UNUSABLE = "Mend or remove it, or leave such images out and count them: on_bad_image: exclude."


@dataclass(frozen=True, slots=True)
class Unusable:
    """An image that cannot be used: where the user finds it again, without its name, and why."""

    place: str
    reason: str


def open_dataset(plugin: DatasetPlugin, params: Any, folder: Path, where: str = "") -> Dataset:
    """Return the opened dataset; relative paths start at `folder`.

    Raises PluginError for what is no `api.Dataset`.
    """
    with calling(f"dataset {plugin.name!r}", plugin.open, where, told=False):
        dataset = plugin.open(params, folder)
    lacking = [name for name in _OFFERS if not callable(getattr(dataset, name, None))]
    if lacking:
        found = f"returns {type(dataset).__name__}, without {' and '.join(lacking)}"
        raise PluginError(Problem(f"dataset {plugin.name!r}, open", found, f"Return an object with {_OFFERED}."))
    return dataset


def list_exams(plugin: DatasetPlugin, dataset: Dataset, progress: Progress, where: str = "") -> pd.DataFrame:
    """Return the exam table as the dataset gives it. Raises PluginError for what is no table."""
    with calling(f"dataset {plugin.name!r}", dataset.exams, where, told=False):
        table = dataset.exams(progress)
    if not isinstance(table, pd.DataFrame):
        found = f"returns {type(table).__name__}"
        advice = "Return a pandas DataFrame, one row per image."
        raise PluginError(Problem(f"dataset {plugin.name!r}, exams", found, advice))
    if odd := [*_odd_columns(table)]:
        raise PluginError(*(Problem(f"dataset {plugin.name!r}, exams", *each) for each in odd))
    return table


def _odd_columns(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the columns of an exam table, whatever they are called."""
    for name in dict.fromkeys(table.columns[table.columns.duplicated()]):
        yield f"has the column {name!r} twice", "Give every column a name of its own."
    if table.columns.is_unique:
        for name in table.columns:
            values = table[name]
            if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True).startswith("mixed"):
                kinds = sorted({type(each).__name__ for each in values if isinstance(each, dict | list | set | tuple)})
                if kinds:
                    yield f"the column {name!r} holds a {kinds[0]}", "Allowed: texts, numbers and missing values."


def separate(table: pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[Unusable]]:
    """Return the rows of an exam table that can be used, and the others with the dataset's reason."""
    if "unusable" not in table.columns:
        return table, []
    reason = table["unusable"].fillna("").astype(str)
    bad = (reason != "").to_numpy()
    numbered = [f"{where}, row {row}" for row in np.flatnonzero(bad) + 1]
    places = table.loc[bad, "place"].astype(str).tolist() if "place" in table.columns else numbered
    others = table[~bad].drop(columns=["unusable", "place"], errors="ignore")
    # By column: a mapping for each of a million rows takes longer than everything else together.
    ids = [list(map(str, table.loc[bad, name].tolist())) for name in _IDS if name in table.columns]
    rows = list(zip(*ids, strict=True)) or [()] * len(places)
    told = zip(places, reason[bad].tolist(), rows, strict=True)
    hidden = ([_without(text, row) for text in each] for *each, row in told)
    return others, [Unusable(*each) for each in hidden]


def hide_ids(text: str, row: Mapping[Any, Any]) -> str:
    """Return a dataset's words about an image without the identifiers of its row.

    Short numbers stay: they may count rows.
    """
    return _without(text, [str(row.get(name, "")) for name in _IDS])


def _without(text: str, ids: Iterable[str]) -> str:
    for known in ids:
        if len(known) >= _SHORTEST_ID and known in text and (not known.isdigit() or len(known) >= _SHORTEST_NUMBER):
            text = text.replace(known, "...")
    return text


def refuse_unusable(found: Sequence[Unusable], where: str) -> list[Problem]:
    """Return the images that cannot be used as problems; each reason is told for 20 images at most."""
    problems = []
    for reason in dict.fromkeys(each.reason for each in found):
        places = [each.place for each in found if each.reason == reason]
        problems += [Problem(place, reason, _IF_UNUSABLE) for place in places[:_MOST_ROWS_NAMED]]
        if len(places) > _MOST_ROWS_NAMED:
            more = len(places) - _MOST_ROWS_NAMED
            images = plural(more, "more image", "more images")
            problems.append(Problem(where, f"{reason} in {images}", _IF_UNUSABLE))
    return problems


def check_exams(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the exam table with its declared types, or raise DataError with everything that breaks the contract.

    `where` names the dataset in messages. Rows are numbered from 1; identifiers are never shown.
    """
    missing = [column for column in EXAM_COLUMNS if column not in table.columns]
    if missing:
        found = f"the exam table lacks {', '.join(missing)}"
        raise DataError(Problem(where, found, f"Required columns: {', '.join(EXAM_COLUMNS)}."))
    if table.empty:
        raise DataError(Problem(where, "the exam table has no rows"))
    problems = [
        *_rows(table[list(EXAM_COLUMNS)].isna().any(axis=1), where, "a required value is missing"),
        # Kim 2024's code takes classes in the order of folder names: a renamed folder turns every AUROC round.
        *_rows(~table["label"].isin([0, 1]), where, _unknown_label(table["label"]), "Allowed: the numbers 0 and 1."),
        *_rows(table["image_id"].duplicated(keep=False), where, "the image_id stands more than once"),
    ]
    exam = pd.factorize(table["exam_id"])[0]
    # Two views of one exam are one fracture or none; a label that differs is a slip in a table.
    problems += _differing(exam, table["label"], where, ("exam has", "exams have"), "views with different labels")
    belong = "exam belongs", "exams belong"
    problems += _differing(exam, table["patient_id"], where, belong, "to more than one patient")
    if problems:
        raise DataError(*problems)
    # Identifiers are texts, always: as numbers 007 and 7 would be one patient.
    text = {column: str for column in EXAM_COLUMNS if column != "label"}
    return table.astype({**text, "label": np.int8}).reset_index(drop=True)


def _unknown_label(labels: pd.Series) -> str:
    texts = any(isinstance(each, str) for each in labels.unique())
    return "unknown label: a text, not a number" if texts else "unknown label"


def _rows(bad: pd.Series, where: str, found: str, allowed: str = "") -> list[Problem]:
    at = np.flatnonzero(bad.to_numpy()) + 1
    named = [Problem(f"{where}, row {row}", found, allowed) for row in at[:_MOST_ROWS_NAMED]]
    more = len(at) - len(named)
    rest = Problem(where, f"{found} in {plural(more, 'more row', 'more rows')}", allowed)
    return [*named, rest] if more else named


def _differing(
    group: npt.NDArray[Any], values: pd.Series, where: str, which: tuple[str, str], found: str
) -> list[Problem]:
    """Return a problem when rows of one group (missing: -1) have different values."""
    code = pd.factorize(values)[0]
    first = np.zeros(group.max(initial=-1) + 1, dtype=code.dtype)
    known = group >= 0
    first[group[known][::-1]] = code[known][::-1]
    n = len(np.unique(group[known][code[known] != first[group[known]]]))
    return [Problem(where, f"{plural(n, *which)} {found}")] if n else []
