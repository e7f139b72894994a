"""Looks at a user's data, so that a first study can be proposed: views, classes, patients, sizes of images."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ovcf_bench.errors import BenchError, Problem

_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")
_PATIENT = r"(?P<patient>[A-Za-z0-9]+)"  # the start of a file name, up to the first mark
_MEASURED = 20  # images whose size is looked at
_NEEDED = ("patient_id", "view", "label", "path")


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. kind : folders of classes, a CSV of images, or a CSV of scores.

    classes : patients by class, the most frequent last; shape : height and width in the middle of those measured, or
    None; columns : of a CSV.
    """

    kind: Literal["folders", "images", "scores"]
    views: tuple[str, ...]
    classes: tuple[tuple[str, int], ...]
    shape: tuple[int, int] | None
    columns: tuple[str, ...] = ()


def survey(data: Path) -> Survey:
    """Return what lies at a path. Raises BenchError when it is neither folders of classes nor a CSV with a header."""
    if data.is_dir():
        return _folders(data)
    if data.suffix.lower() != ".csv":
        allowed = "Allowed: a folder VIEW/CLASS/image, or a CSV file of images or of scores."
        raise BenchError(Problem("--data", f"{data.name!r} is not such a thing, or not there", allowed))
    try:
        with data.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchError(Problem("--data", f"{data.name!r} cannot be read ({type(error).__name__})")) from error
    if not rows:
        raise BenchError(Problem("--data", f"{data.name!r} has no rows"))
    if "path" not in columns:
        return Survey("scores", (), (), None, columns)
    lacking = [name for name in _NEEDED if name not in columns]
    if lacking:
        found = f"{data.name!r} lists images and lacks {', '.join(lacking)}"
        raise BenchError(Problem("--data", found, f"Needed: {', '.join(_NEEDED)}. Rename columns, or add them."))
    patients = Counter({label: len({row["patient_id"] for row in rows if row["label"] == label}) for label in
                        {row["label"] for row in rows}})  # fmt: skip
    views = tuple(sorted({row["view"] for row in rows}))
    files = (data.parent / row["path"] for row in rows)
    return Survey("images", views, _by_number(patients), _middle_shape(files), columns)


def _folders(root: Path) -> Survey:
    views = [folder.name for folder in sorted(root.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    classes = [{each.name for each in (root / view).iterdir() if each.is_dir()} for view in views]
    shared = set.intersection(*classes) if classes else set()
    if len(shared) < 2:
        found = f"{root.name!r} holds no folders VIEW/CLASS with two classes in every view"
        raise BenchError(Problem("--data", found, "Example: ap/fracture, ap/normal, lateral/fracture, lateral/normal."))
    counted: Counter[str] = Counter()
    files: list[Path] = []
    for name in shared:
        mine = [path for view in views for path in sorted((root / view / name).rglob("*"))
                if path.suffix.lower() in _IMAGES]  # fmt: skip
        files += mine
        starts = (re.match(_PATIENT, path.name) for path in mine)
        counted[name] = len({match["patient"] for match in starts if match})
    return Survey("folders", tuple(views), _by_number(counted), _middle_shape(iter(files)))


def _by_number(patients: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(patients.items(), key=lambda item: (item[1], item[0])))


def _middle_shape(files: Iterator[Path]) -> tuple[int, int] | None:
    from PIL import Image

    shapes = []
    for path, _ in zip((each for each in files if each.suffix.lower() not in (".dcm", ".dicom")), range(_MEASURED)):  # noqa: B905  the first twenty
        try:
            with Image.open(path) as image:
                shapes.append((image.height, image.width))
        except OSError:  # `check` will say what is wrong with it
            continue
    return sorted(shapes, key=lambda shape: shape[0] / shape[1])[len(shapes) // 2] if shapes else None
