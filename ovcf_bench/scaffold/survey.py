"""Looks at a user's data, so that a first study can be proposed: images by view and class, or a table of scores."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")
_PATIENT = r"(?P<patient>[A-Za-z0-9]+)"  # the start of a file name, up to the first mark
_MEASURED = 20  # images whose size is looked at
_NEEDED = ("patient_id", "view", "label", "path")

# Names of columns in small letters, with _ between words; of patients and exams the first that fits is taken.
_LABELS = (
    "label", "labels", "y", "y_true", "true_label", "truth", "ground_truth", "gold_standard", "reference",
    "reference_standard", "target", "outcome", "diagnosis", "disease", "fracture", "fractured", "ovcf",
)  # fmt: skip
_PATIENTS = (
    "patient_id", "patient", "patientid", "patient_number", "subject_id", "subject", "pid", "person", "case_id", "case",
    "id",
)  # fmt: skip
_EXAMS = ("exam_id", "exam", "examination", "study_id", "accession", "case_id", "case", "image_id", "image", "id")
_ATTRIBUTES = {"age", "sex", "gender", "female", "male", "bmi", "height", "weight", "year", "date", "days", "site"}


@dataclass(frozen=True, slots=True)
class Survey:
    """Folders of classes, or a CSV of images. seen : view, class and patient of every image.

    classes : those of all views, that of the fewest patients first; partial : class folders that some view lacks;
    shape : height and width in the middle of those measured, or None.
    """

    views: tuple[str, ...]
    classes: tuple[str, ...]
    seen: frozenset[tuple[str, str, str]] = field(repr=False)  # patients are never shown
    shape: tuple[int, int] | None
    partial: tuple[str, ...] = ()

    def patients(self, classes: Iterable[str], views: Iterable[str]) -> frozenset[str]:
        """Return the patients who have an image of one of the classes in one of the views."""
        names, read = {*classes}, {*views}
        return frozenset(patient for view, name, patient in self.seen if name in names and view in read)

    def count(self, name: str) -> int:
        """Return the number of patients of a class in any view."""
        return len(self.patients((name,), self.views))


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A column of a table of scores. empty : cells without a value; repeated : cells that repeat an earlier one.

    binary : holds 0 and 1, both of them and nothing else; numeric : finite numbers and nothing else; whole : all of
    these numbers are whole.
    """

    name: str
    empty: int
    repeated: int
    binary: bool
    numeric: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class ScoreSurvey:
    """A CSV of scores: its columns, without those that have no name."""

    columns: tuple[ScoreColumn, ...]

    def column(self, name: str) -> ScoreColumn | None:
        """Return the column of this name, where spaces around it do not matter, or None."""
        exact = [each for each in self.columns if each.name == name]
        return next(iter(exact or [each for each in self.columns if each.name.strip() == name.strip()]), None)

    def names(self, **wanted: int) -> tuple[str, ...]:
        """Return the names of the columns of a kind: `names(binary=True, empty=0)`."""
        return tuple(
            each.name for each in self.columns if all(getattr(each, kind) == value for kind, value in wanted.items())
        )


def survey(data: Path) -> Survey | ScoreSurvey:
    """Return what lies at a path. Raises BenchError when it is neither folders of classes nor a CSV with a header."""
    if data.is_dir():
        return _folders(data)
    if data.suffix.lower() != ".csv":
        allowed = "Allowed: a folder VIEW/CLASS/image, or a CSV file of images or of scores."
        raise BenchError(Problem("--data", f"{data.name!r} is not such a thing, or not there", allowed))
    header, rows = _read(data)
    if "path" not in header:
        return _scores(data)
    lacking = [name for name in _NEEDED if name not in header]
    if lacking:
        found = f"{data.name!r} lists images and lacks {', '.join(lacking)}"
        advice = "Rename columns, or add them; a table of scores has no column path."
        raise BenchError(Problem("--data", found, f"Needed: {', '.join(_NEEDED)}. {advice}"))
    return _listed(data, [{name: (row.get(name) or "").strip() for name in _NEEDED} for row in rows])


def _read(data: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return header and rows of a CSV file. Raises BenchError for what is no table with commas."""
    try:
        with data.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.DictReader(file)
            rows = list(reader)
            header = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        advice = "Is it there, in UTF-8, with commas?"
        raise BenchError(Problem("--data", f"{data.name!r} cannot be read ({type(error).__name__})", advice)) from error
    if any(len(next(csv.reader([first], delimiter=mark), [])) > len(header) for mark in ";\t"):
        raise BenchError(Problem("--data", f"{data.name!r} does not separate its columns by commas", "Save it so."))
    if not rows:
        raise BenchError(Problem("--data", f"{data.name!r} has no rows"))
    if any(re.fullmatch(r"\s*-?\d*\.\d+([eE][-+]?\d+)?\s*", name) for name in header):
        raise BenchError(Problem("--data", f"the first row of {data.name!r} holds scores", "It must name the columns."))
    twice = sorted({name for name in header if name.strip() and header.count(name) > 1})
    problems = [Problem("--data", f"{data.name!r} has two columns {name!r}", "Rename one.") for name in twice]
    long = sum(None in row for row in rows)
    if long:
        have = plural(long, f"row of {data.name!r} has", f"rows of {data.name!r} have")
        found = f"{have} more cells than the header"
        problems.append(Problem("--data", found, "A text that holds a comma stands in double quotes."))
    if problems:
        raise BenchError(*problems)
    return header, rows


def _listed(data: Path, rows: list[dict[str, str]]) -> Survey:
    empty = {name: sum(not row[name] for row in rows) for name in _NEEDED}
    rows_have = (f"row of {data.name!r} has", f"rows of {data.name!r} have")
    lacking = [f"{plural(n, *rows_have)} no {name}" for name, n in empty.items() if n]
    if lacking:
        raise BenchError(*(Problem("--data", found, "Fill them in.") for found in lacking))
    seen = frozenset((row["view"], row["label"], row["patient_id"]) for row in rows)
    views = tuple(sorted({view for view, _, _ in seen}))
    files = (data.parent / row["path"] for row in rows)
    return Survey(views, _by_number({name for _, name, _ in seen}, seen), seen, _middle_shape(files))


def _folders(root: Path) -> Survey:
    trees = {folder.name: {each.name for each in _subfolders(folder)} for folder in _subfolders(root)}
    shared = set.intersection(*trees.values()) if trees else set()
    if len(shared) < 2:
        found = f"{root.name!r} holds no folders VIEW/CLASS with two classes in every view"
        raise BenchError(Problem("--data", found, "Example: ap/fracture, ap/normal, lateral/fracture, lateral/normal."))
    seen: set[tuple[str, str, str]] = set()
    files: list[Path] = []
    for name in sorted(shared):
        for view in trees:
            mine = [path for path in sorted((root / view / name).rglob("*")) if path.suffix.lower() in _IMAGES]
            files += mine
            starts = (re.match(_PATIENT, path.name) for path in mine)
            seen.update((view, name, match["patient"]) for match in starts if match)
    partial = tuple(sorted(set.union(*trees.values()) - shared))
    by_number = _by_number(shared, seen)
    return Survey(tuple(trees), by_number, frozenset(seen), _middle_shape(iter(files)), partial)


def _subfolders(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")]


def _by_number(classes: Iterable[str], seen: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    """Return the classes, that of the fewest patients first."""
    patients = {(name, patient) for _, name, patient in seen}
    return tuple(sorted(classes, key=lambda name: (sum(each == name for each, _ in patients), name)))


def _middle_shape(files: Iterator[Path]) -> tuple[int, int] | None:
    from PIL import Image

    shapes = []
    for path in islice((each for each in files if each.suffix.lower() not in (".dcm", ".dicom")), _MEASURED):
        try:
            with Image.open(path) as image:
                shapes.append((image.height, image.width))
        except OSError:  # `check` will say what is wrong with it
            continue
    return sorted(shapes, key=lambda shape: shape[0] / shape[1])[len(shapes) // 2] if shapes else None


def _scores(data: Path) -> ScoreSurvey:
    """Return the columns as the study's plugins will read them."""
    import pandas as pd

    try:
        table, words = pd.read_csv(data, low_memory=False), pd.read_csv(data, dtype=str)
    except ValueError as error:  # what pandas raises for text that is no table
        raise BenchError(Problem("--data", f"{data.name!r} cannot be read ({type(error).__name__})")) from error
    named = [name for name in table.columns if name.strip() and not re.fullmatch(r"Unnamed: \d+", name)]
    return ScoreSurvey(tuple(_column(name, table[name], words[name]) for name in named))


def _column(name: str, values: pd.Series, words: pd.Series) -> ScoreColumn:
    import pandas as pd

    present = values.dropna()
    binary = set(present.unique()) == {0, 1}  # pandas reads True and False as 1 and 0
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and len(present) > 0
    numeric = numeric and bool((present.abs() != float("inf")).all())
    whole = numeric and bool((present % 1 == 0).all())
    return ScoreColumn(name, int(words.isna().sum()), int(words.dropna().duplicated().sum()), binary, numeric, whole)


def _word(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def _is_attribute(name: str) -> bool:
    return _word(name).partition("_")[0] in _ATTRIBUTES


def proposed_label(found: ScoreSurvey) -> str | None:
    """Return the binary column with a label's name, else the only binary one; None when several would do, or none."""
    binary = found.names(binary=True)
    named = [name for name in binary if _word(name) in _LABELS]
    candidates = named or [name for name in binary if not _is_attribute(name)]
    return candidates[0] if len(candidates) == 1 else None


def proposed_patient(found: ScoreSurvey, label: str) -> str | None:
    """Return the column with a patient's name, or None."""
    return _first_named([each.name for each in found.columns if each.name != label and not each.empty], _PATIENTS)


def exam_column(found: ScoreSurvey, label: str, patient: str) -> str | None:
    """Return the column that tells the exams of a patient apart by its name and its values, or None."""
    unique = [each.name for each in found.columns if not each.empty and not each.repeated]
    return _first_named([name for name in unique if name not in (label, patient)], _EXAMS)


def _first_named(names: list[str], known: tuple[str, ...]) -> str | None:
    fitting = [name for name in names if _word(name) in known]
    return min(fitting, key=lambda name: known.index(_word(name)), default=None)


def proposed_scores(found: ScoreSurvey, label: str, patient: str) -> tuple[str, ...]:
    """Return the columns that are plainly scores: with decimals; without two of these, all that can be ratings.

    Neither attributes of patients are among them, nor, of whole numbers, yes or no and what numbers the rows.
    """
    numeric = [
        each
        for each in found.columns
        if each.numeric and each.name not in (label, patient) and not _is_attribute(each.name)
    ]
    decimals = [each for each in numeric if not each.whole]
    ratings = [each for each in numeric if not each.whole or (each.repeated and not each.binary)]
    return tuple(each.name for each in (decimals if len(decimals) > 1 else ratings))
