"""From a dataset plugin to its exam table, and to the eligible exams of a cohort, every step counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.errors import DataError, PluginError, Problem, one_of
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin, Progress
from ovcf_bench.vocabulary import EXAM_COLUMNS, Eligibility

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_OFFERS = ("exams", "read", "fingerprint")
_OFFERED = "exams(progress), read(row) and fingerprint(row)"
_MOST_ROWS_NAMED = 20
_IDS = ("image_id", "exam_id", "patient_id")  # the longest first: one may hold another
_SHORTEST_ID, _SHORTEST_NUMBER = 3, 6  # letters that can be told from other words
_IF_UNUSABLE = "Mend or remove it, or leave such images out and count them: on_bad_image: exclude."


@dataclass(frozen=True, slots=True)
class Counts:
    """Patients, exams and images; patients also by label, images also by view.

    A patient counts as positive when any exam is.
    """

    patients: int
    exams: int
    images: int
    positives: int
    negatives: int
    views: dict[str, int]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Counts:
        """Return the counts of an exam table."""
        return _Coded.of(table).counts(np.ones(len(table), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class _Coded:
    """An exam table as numbers, (n,) each: texts are compared once, and not in every step of a million rows."""

    patient: Ints
    exam: Ints
    view: Ints
    positive: Bools
    views: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame) -> _Coded:
        patient, exam = (pd.factorize(table[name])[0].astype(np.int64) for name in ("patient_id", "exam_id"))
        view, names = pd.factorize(table["view"], sort=True)
        positive = table["label"].to_numpy() == 1
        return cls(patient, exam, view.astype(np.int64), positive, tuple(str(name) for name in names))

    def counts(self, rows: Bools) -> Counts:
        """Return the counts of the rows that are true."""
        patients = _mark(self.patient, rows)
        positives = int(_mark(self.patient, rows & self.positive).sum())
        images = np.bincount(self.view[rows], minlength=len(self.views))
        return Counts(
            patients=int(patients.sum()),
            exams=int(_mark(self.exam, rows).sum()),
            images=int(rows.sum()),
            positives=positives,
            negatives=int(patients.sum()) - positives,
            views={name: int(n) for name, n in zip(self.views, images, strict=True) if n},
        )


def _mark(codes: Ints, rows: Bools) -> Bools:
    """Return, for each code, whether any of the rows has it."""
    marked = np.zeros(codes.max(initial=-1) + 1, dtype=np.bool_)
    marked[codes[rows]] = True
    return marked


@dataclass(frozen=True, slots=True)
class Step:
    """One eligibility step: who was there before, who was dropped and why, who stayed."""

    reason: str
    rule: str
    before: Counts
    dropped: Counts
    after: Counts

    def __post_init__(self) -> None:
        for what in ("patients", "exams", "images", "positives", "negatives"):
            before, dropped, after = (getattr(counts, what) for counts in (self.before, self.dropped, self.after))
            assert before == dropped + after, f"{self.reason}: {what} do not add up"
        for view, before in self.before.views.items():
            assert before == self.dropped.views.get(view, 0) + self.after.views.get(view, 0), view


@dataclass(frozen=True, slots=True)
class Cohort:
    """The eligible images of one site, and how they were arrived at. `images` has one row per image."""

    name: str
    images: pd.DataFrame
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """An image that cannot be used: where the user finds it again, without its name, and why."""

    place: str
    reason: str


def open_dataset(plugin: DatasetPlugin, params: Any, folder: Path, where: str = "", *, told: bool = False) -> Dataset:
    """Return the opened dataset; relative paths start at `folder`. told : as for `plugin_calls.calling`.

    Raises PluginError for what is no `api.Dataset`.
    """
    with calling(f"dataset {plugin.name!r}", plugin.open, where, told=told):
        dataset = plugin.open(params, folder)
    lacking = [name for name in _OFFERS if not callable(getattr(dataset, name, None))]
    if lacking:
        found = f"returns {type(dataset).__name__}, without {' and '.join(lacking)}"
        raise PluginError(Problem(f"dataset {plugin.name!r}, open", found, f"Return an object with {_OFFERED}."))
    return dataset


def list_exams(
    plugin: DatasetPlugin, dataset: Dataset, progress: Progress, where: str = "", *, told: bool = False
) -> pd.DataFrame:
    """Return the exam table as the dataset gives it. Raises PluginError for what is no table."""
    with calling(f"dataset {plugin.name!r}", dataset.exams, where, told=told):
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
    ids = table.loc[bad, [name for name in _IDS if name in table.columns]].to_dict("records")
    hidden = (tuple(hide_ids(text, row) for text in each) for *each, row in zip(places, reason[bad], ids, strict=True))
    return others, [Unusable(*each) for each in hidden]


def hide_ids(text: str, row: Mapping[Any, Any]) -> str:
    """Return a dataset's words about an image without the identifiers of its row.

    Short numbers stay: they may count rows.
    """
    for name in _IDS:
        known = str(row.get(name, ""))
        if len(known) >= _SHORTEST_ID and (not known.isdigit() or len(known) >= _SHORTEST_NUMBER):
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
            problems.append(Problem(where, f"{reason} in {more} more images", _IF_UNUSABLE))
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
        *_rows(~table["label"].isin([0, 1]), where, _unknown_label(table["label"]), "Allowed: the numbers 0 and 1."),
        *_rows(table["image_id"].duplicated(keep=False), where, "the image_id stands more than once"),
    ]
    exam = pd.factorize(table["exam_id"])[0]
    problems += _differing(exam, table["label"], where, "exams have views with different labels")
    problems += _differing(exam, table["patient_id"], where, "exams belong to more than one patient")
    if problems:
        raise DataError(*problems)
    text = {column: str for column in EXAM_COLUMNS if column != "label"}
    return table.astype({**text, "label": np.int8}).reset_index(drop=True)


def _unknown_label(labels: pd.Series) -> str:
    texts = any(isinstance(each, str) for each in labels.unique())
    return "unknown label: a text, not a number" if texts else "unknown label"


def _rows(bad: pd.Series, where: str, found: str, allowed: str = "") -> list[Problem]:
    at = np.flatnonzero(bad.to_numpy()) + 1
    named = [Problem(f"{where}, row {row}", found, allowed) for row in at[:_MOST_ROWS_NAMED]]
    more = len(at) - len(named)
    return [*named, Problem(where, f"{found} in {more} more rows", allowed)] if more else named


def _differing(group: npt.NDArray[Any], values: pd.Series, where: str, found: str) -> list[Problem]:
    """Return a problem when rows of one group (missing: -1) have different values."""
    code = pd.factorize(values)[0]
    first = np.zeros(group.max(initial=-1) + 1, dtype=code.dtype)
    known = group >= 0
    first[group[known][::-1]] = code[known][::-1]
    n = len(np.unique(group[known][code[known] != first[group[known]]]))
    return [Problem(where, f"{n} {found}")] if n else []


def apply_eligibility(name: str, table: pd.DataFrame, rules: Sequence[Eligibility]) -> Cohort:
    """Return the cohort after the ordered rules that concern it; an exam goes when any of its images meets a rule.

    Raises DataError when a rule names a column that the dataset does not have.
    """
    coded, kept = _Coded.of(table), np.ones(len(table), dtype=np.bool_)
    everyone, nobody = coded.counts(kept), coded.counts(~kept)
    steps = [Step("listed by the dataset", "", everyone, nobody, everyone)]
    for rule in rules:
        if rule.cohort not in (None, name):
            continue
        meets = _meets(table, rule, name).to_numpy(dtype=np.bool_) & kept
        leaves = _mark(coded.exam, meets)[coded.exam] & kept
        kept &= ~leaves
        # A patient is dropped with the last exam: those who keep an exam are not counted as dropped.
        gone = leaves & ~_mark(coded.patient, kept)[coded.patient]
        before, after = steps[-1].after, coded.counts(kept)
        dropped = _dropped(coded.counts(gone), coded.counts(leaves), before, after)
        steps.append(Step(rule.reason, _in_words(rule), before, dropped, after))
    table = table[kept]
    if table.empty:
        raise DataError(Problem(f"cohort {name!r}", "no exam is left after the eligibility steps"))
    return Cohort(name, table.reset_index(drop=True), tuple(steps))


def _dropped(gone: Counts, rows: Counts, before: Counts, after: Counts) -> Counts:
    # A patient who loses the only positive exam but keeps a negative one changes class without leaving.
    changed = before.positives - after.positives - gone.positives
    positives, negatives = gone.positives + changed, gone.negatives - changed
    return Counts(gone.patients, rows.exams, rows.images, positives, negatives, rows.views)


def _meets(table: pd.DataFrame, rule: Eligibility, cohort: str) -> pd.Series:
    if rule.column not in table.columns:
        where = f"cohort {cohort!r}, eligibility step {rule.reason!r}"
        known = [column for column in table.columns if column not in EXAM_COLUMNS]
        raise DataError(Problem(where, f"unknown column {rule.column!r}", one_of(rule.column, known)))
    column = table[rule.column]
    if rule.condition == "missing":
        return column.isna()
    if rule.condition == "equals":
        return column == rule.value
    if rule.condition == "not_equals":
        return (column != rule.value) & column.notna()
    try:
        number = pd.to_numeric(column)
    except (ValueError, TypeError) as error:
        where = f"cohort {cohort!r}, eligibility step {rule.reason!r}"
        raise DataError(Problem(where, f"column {rule.column!r} holds words", "Allowed: numbers.")) from error
    limit = float(rule.value)  # type: ignore[arg-type]  # the study's parser lets only numbers pass here
    return number.gt(limit) if rule.condition == "above" else number.lt(limit)


def _in_words(rule: Eligibility) -> str:
    if rule.condition == "missing":
        return f"{rule.column} is missing"
    value = f"{rule.value:g}" if isinstance(rule.value, float) else rule.value
    return f"{rule.column} {rule.condition.replace('_', ' ')} {value}"


def patient_table(cohorts: Sequence[Cohort], *, one_label: bool) -> pd.DataFrame:
    """Return one row per patient: patient_id, cohort, label (1 when any exam is positive).

    Raises DataError when a patient stands in two cohorts, or (`one_label`) has exams of both labels.
    """
    tables = []
    problems = []
    for cohort in cohorts:
        label = cohort.images.groupby("patient_id", sort=False)["label"]
        highest = label.max()
        mixed = int((highest != label.min()).sum())
        if one_label and mixed:
            found = f"{mixed} patients have exams of both labels"
            problems.append(Problem(f"cohort {cohort.name!r}", found, "Set analysis_level: exam."))
        tables.append(highest.reset_index().assign(cohort=cohort.name))
    patients = pd.concat(tables, ignore_index=True)
    shared = int(patients["patient_id"].duplicated().sum())
    if shared:
        names = ", ".join(repr(cohort.name) for cohort in cohorts)
        problems.append(Problem(f"cohorts {names}", f"{shared} patient_ids stand in more than one cohort"))
    if problems:
        raise DataError(*problems)
    return patients[["patient_id", "cohort", "label"]]


def cases(images: pd.DataFrame, views: Sequence[str]) -> pd.DataFrame:
    """Return what an arm of these views reads: one row per image, or per exam when there are several views.

    images : EXAM_COLUMNS with split, fold, cache_key and digest. The result keeps patient_id, exam_id, site,
    label, split and fold, has image_id ("" for several views), and the lists `cache_keys` and `digests` in the
    order of `views`. Exams that lack one of several views are left out. Raises DataError when a view is
    unknown, or when one exam has several images of a view and more than one view is asked for.
    """
    known = sorted(images["view"].unique())
    unknown = [view for view in views if view not in known]
    if unknown:
        raise DataError(*(Problem("arms", f"unknown view {view!r}", one_of(view, known)) for view in unknown))
    if len(views) == 1:
        mine = images[images["view"] == views[0]]
        lists: dict[str, Any] = {
            "cache_keys": [[key] for key in mine["cache_key"]],
            "digests": [[each] for each in mine["digest"]],
        }
        return mine[[*_CASE_COLUMNS, "image_id"]].assign(**lists).reset_index(drop=True)
    wanted = images[images["view"].isin(views)]
    twice = int(wanted.duplicated(["exam_id", "view"]).sum())
    if twice:
        found = f"{twice} exams have several images of one view"
        raise DataError(Problem(f"arm {'+'.join(views)!r}", found, "Keep one image per exam and view."))
    wide = wanted.set_index(["exam_id", "view"])[["cache_key", "digest"]].unstack("view")
    wide = wide.reindex(wanted["exam_id"].unique()).dropna()
    first = wanted.drop_duplicates("exam_id").set_index("exam_id", drop=False).loc[wide.index, list(_CASE_COLUMNS)]
    keys = wide["cache_key"][list(views)].to_numpy().tolist()
    digests = wide["digest"][list(views)].to_numpy().tolist()
    return first.assign(image_id="", cache_keys=keys, digests=digests).reset_index(drop=True)


_CASE_COLUMNS = ("patient_id", "exam_id", "site", "label", "split", "fold")
