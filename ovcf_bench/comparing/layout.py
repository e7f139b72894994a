"""Reads a table of scores as the user asks: one column per arm, or one row per arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from ovcf_bench.errors import DataError, Problem, one_of
from ovcf_bench.stats.operating_point import ThresholdRule
from ovcf_bench.vocabulary import SCORE_COLUMNS, Claim, Missing
from ovcf_bench.wording import plural


@dataclass(frozen=True, slots=True)
class Request:
    """Columns and analysis; None or () means: guess it where that is unambiguous, or leave it out.

    arms : name and columns (several columns are human readers); pairs : arms to compare, default every pair.
    """

    file: Path
    label: str | None = None
    arms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    arm_column: str | None = None
    score_column: str | None = None
    case: str | None = None
    patient: str | None = None
    cluster: str | None = None
    set: str | None = None
    fit_on: str | None = None
    subgroups: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    claim: Claim = "difference"
    margin: float | None = None
    threshold: ThresholdRule | None = None
    prevalences: tuple[float, ...] = ()
    missing: Missing = "complete_pairs"
    title: str = ""
    resamples: int = 2000


def parse_arm(text: str) -> tuple[str, tuple[str, ...]]:
    """Return name and columns of "ap", "ap=column" or "ap=reader1,reader2"."""
    name, equals, columns = text.partition("=")
    wanted = tuple(each.strip() for each in columns.split(",")) if equals else (name,)
    if not name.strip() or not all(wanted):
        raise DataError(Problem("--arm", f"{text!r} names no column", "Allowed: COLUMN, NAME=COLUMN, NAME=A,B,..."))
    return name.strip(), wanted


def parse_threshold(text: str) -> ThresholdRule:
    """Return the rule of "youden", "0.5", "sensitivity=0.9" or "specificity=0.9"."""
    kind, equals, number = text.partition("=")
    if text == "youden":
        return ThresholdRule("youden")
    try:
        if not equals:
            return ThresholdRule("fixed", float(text))
        if kind == "sensitivity" and 0 < float(number) < 1:
            return ThresholdRule("sensitivity", float(number))
        if kind == "specificity" and 0 < float(number) < 1:
            return ThresholdRule("specificity", float(number))
    except ValueError:
        pass
    allowed = "Allowed: a number, youden, sensitivity=0.9, specificity=0.9."
    raise DataError(Problem("--threshold", f"{text!r} is no threshold", allowed))


LABELS = ("label", "y", "truth", "target", "outcome")
PATIENTS = ("patient_id", "patient", "subject_id", "subject")
CASES = ("case_id", "case", "exam_id", "study_id")
ARMS = ("arm", "model", "reader", "view")
SCORES = ("score", "probability", "prediction")
ALL = "all"
# A subgroup may bear the name of what an uploaded table says nothing of: the site of a case, its view, its model.
_MEANT = {*SCORE_COLUMNS, "patient"}.difference(("site", "view", "model"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A table with one row per case: label (bool), patient, set, the arms' columns, and the subgroups.

    arms : name and columns of `table`; said : how the file was understood, in sentences.
    """

    table: pd.DataFrame
    arms: tuple[tuple[str, tuple[str, ...]], ...]
    said: tuple[str, ...]


def read_scores(request: Request) -> Layout:
    """Return the file's scores. Raises DataError with every mistake; rows are named by number, patients never."""
    table = _read(request.file)
    request, said = _guess(table, request)
    _check_columns(table, request)
    if request.arm_column is not None:
        table, request = _widen(table, request)
    cases = pd.DataFrame(
        {
            "label": _labels(table, request.label or ""),
            "patient": _texts(table, request.cluster or request.patient, "patient"),
            "set": _texts(table, request.set, ALL) if request.set else ALL,
        }
    )
    for column in dict.fromkeys(column for _, columns in request.arms for column in columns):
        cases[f"score {column}"] = _scores(table, column)
    for name in request.subgroups:
        cases[name] = table[name]
    _refuse_repeated_patients(cases, request)
    renamed = tuple((name, tuple(f"score {column}" for column in columns)) for name, columns in request.arms)
    return Layout(cases, renamed, tuple(said))


def _read(path: Path) -> pd.DataFrame:
    tsv = partial(pd.read_csv, sep="\t")
    readers = {".csv": pd.read_csv, ".tsv": tsv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(Problem(path.name, "is not a table", f"Allowed: {', '.join(readers)}."))
    try:
        table: pd.DataFrame = reader(path)  # type: ignore[operator]
    except ImportError as error:
        advice = 'Install what reads it: pip install "ovcf-bench[tables]"; or save it as CSV.'
        raise DataError(Problem(path.name, f"{path.suffix} needs a package that is not installed", advice)) from error
    except (OSError, ValueError) as error:  # what pandas, pyarrow and openpyxl raise for a file of another kind
        found = f"cannot be read ({type(error).__name__})"
        raise DataError(Problem(path.name, found, "Is it such a table?")) from error
    if table.empty:
        raise DataError(Problem(path.name, "has no rows"))
    return table.rename(columns=str)


def _guess(table: pd.DataFrame, request: Request) -> tuple[Request, list[str]]:
    """Fill in what was left out and can be told from the names of the columns; say so."""
    said = []
    if request.label is None:
        found = [name for name in LABELS if name in table.columns]
        if len(found) != 1:
            what = f"several columns could be the label: {', '.join(found)}" if found else "which column is the label?"
            raise DataError(Problem(request.file.name, what, f"Give --label COLUMN, one of: {_listed(table)}."))
        request = replace(request, label=found[0])
        said.append(f"label is column {found[0]}")
    if request.patient is None and (patient := _only(table, PATIENTS)):
        request = replace(request, patient=patient)
        said.append(f"patient is column {patient}")
    long = _long_columns(table, request)
    if long is not None and not request.arms:
        request = replace(request, arm_column=long[0], score_column=long[1], case=long[2])
        said.append(f"one row per arm: arms in {long[0]}, scores in {long[1]}, cases in {long[2]}")
    elif not request.arms:
        columns = _arm_columns(table, request)
        request = replace(request, arms=tuple((name, (name,)) for name in columns))
        said.append(f"one column per arm: {', '.join(columns)}")
    return request, said


def _long_columns(table: pd.DataFrame, request: Request) -> tuple[str, str, str] | None:
    """Return the columns of arm, score and case when the table has one row per arm."""
    arm = request.arm_column or _only(table, ARMS)
    score = request.score_column or _only(table, SCORES)
    case = request.case or _only(table, CASES) or request.patient
    return (arm, score, case) if arm and score and case else None


def _only(table: pd.DataFrame, known: Sequence[str]) -> str | None:
    found = [name for name in known if name in table.columns]
    return found[0] if len(found) == 1 else None


def _arm_columns(table: pd.DataFrame, request: Request) -> list[str]:
    """Return the columns that can only be scores: numbers that are not whole."""
    taken = {request.label, request.patient, request.cluster, request.set, request.case, *request.subgroups}
    found = []
    for name in table.columns:
        values = table[name].dropna()
        if name not in taken and pd.api.types.is_float_dtype(values) and bool((values % 1 != 0).any()):
            found.append(name)
    if not found:
        advice = f"Give --arm COLUMN for each arm, from: {_listed(table)}."
        raise DataError(Problem(request.file.name, "no column is plainly a score", advice))
    return found


def _listed(table: pd.DataFrame) -> str:
    return ", ".join(repr(name) for name in table.columns)


def _check_columns(table: pd.DataFrame, request: Request) -> None:
    named: dict[str, list[str | None]] = {
        "--label": [request.label],
        "--patient": [request.patient],
        "--cluster": [request.cluster],
        "--set": [request.set],
        "--case": [request.case],
        "--arm-column": [request.arm_column],
        "--score-column": [request.score_column],
        "--subgroup": list(request.subgroups),
        "--arm": [] if request.arm_column else [column for _, columns in request.arms for column in columns],
    }
    problems = [
        Problem(option, f"{request.file.name} has no column {name!r}", one_of(name, table.columns))
        for option, names in named.items()
        for name in names
        if name is not None and name not in table.columns
    ]
    problems += [
        Problem("--subgroup", f"{name!r} has another meaning in a table of scores", "Give that column another name.")
        for name in request.subgroups
        if name in _MEANT
    ]
    names = [name for name, _ in request.arms]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem("--arm", f"two arms are called {name!r}", "Give each a name: NAME=COLUMN.") for name in twice]
    if problems:
        raise DataError(*problems)


def _widen(table: pd.DataFrame, request: Request) -> tuple[pd.DataFrame, Request]:
    """Return one row per case of a table with one row per case and arm."""
    arm, score, case = request.arm_column or "", request.score_column or "", request.case or ""
    keys = [case, *([request.set] if request.set else [])]
    if table.duplicated([*keys, arm]).any():
        rows = _rows(table.duplicated([*keys, arm]))
        raise DataError(Problem(f"column {case!r}", f"a case has two scores of one arm: {rows}", "One row each."))
    about = [request.label, request.patient, request.cluster, *request.subgroups]
    kept = [name for name in dict.fromkeys(about) if name is not None and name not in keys]
    groups = table.groupby(keys, sort=False)
    for name in kept:
        different = int((groups[name].nunique(dropna=False) > 1).sum())
        if different:
            found = f"differs between the arms of {plural(different, 'case', 'cases')}"
            raise DataError(Problem(f"column {name!r}", found, "A case has one value, the same in all arms."))
    wide = table.pivot(index=keys, columns=arm, values=score)
    wide = wide.rename(columns=str).join(groups[kept].first()).reset_index()
    names = [str(each) for each in table[arm].dropna().unique()]
    return wide, replace(request, arms=request.arms or tuple((name, (name,)) for name in names))


def _labels(table: pd.DataFrame, name: str) -> pd.Series:
    values = pd.to_numeric(table[name].astype(object).replace({True: 1, False: 0}), errors="coerce")
    wrong = ~values.isin((0, 1))
    if wrong.any():
        found = _rows(wrong, "holds something else than 0 or 1", "hold something else than 0 or 1")
        raise DataError(Problem(f"column {name!r}", found, "A label is 1 (positive) or 0 (negative)."))
    return values.astype(bool)


def _texts(table: pd.DataFrame, name: str | None, what: str) -> pd.Series:
    """Return a column as text; without one, each row stands for itself."""
    if name is None:
        return pd.Series([f"{what} of row {row + 2}" for row in range(len(table))], index=table.index)
    values = table[name]
    if values.isna().any():
        found = _rows(values.isna(), "is empty", "are empty")
        raise DataError(Problem(f"column {name!r}", found, "Fill them in."))
    return values.astype(str)


def _scores(table: pd.DataFrame, name: str) -> pd.Series:
    values = pd.to_numeric(table[name], errors="coerce").astype("float64")
    problems = []
    texts = values.isna() & table[name].notna()
    if texts.any():
        found = _rows(texts, "is no number", "are no numbers")
        problems.append(Problem(f"column {name!r}", found, "Empty means: view missing."))
    infinite = values.abs() == float("inf")
    if infinite.any():
        found = _rows(infinite, "is infinite", "are infinite")
        problems.append(Problem(f"column {name!r}", found, "Scores are finite, or empty."))
    if problems:
        raise DataError(*problems)
    return values


def _refuse_repeated_patients(cases: pd.DataFrame, request: Request) -> None:
    if request.cluster is not None:
        return
    repeated = cases.duplicated(["set", "patient"])
    if repeated.any():
        rows = plural(int(repeated.sum()), "row repeats", "rows repeat")
        found = f"{rows} a patient: cases are not independent"
        advice = f"Declare it: --cluster {request.patient}; every interval and test is then clustered by patient."
        raise DataError(Problem(f"column {request.patient!r}", found, advice))


def _rows(broken: pd.Series, one: str = "", many: str = "") -> str:
    """Return "1 row (5) is empty" or "2 rows (5, 9) are empty", from "is empty" and "are empty"."""
    numbers = [str(row + 2) for row, wrong in enumerate(broken) if wrong]
    listed = f"({', '.join(numbers[:5])}{', ...' if len(numbers) > 5 else ''})"
    return plural(len(numbers), f"row {listed} {one}", f"rows {listed} {many}").rstrip()
