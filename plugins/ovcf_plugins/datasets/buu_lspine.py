"""BUU-LSPINE, paired lumbar spine radiographs from Thailand, as a dataset plugin.

This module needs no pandas; folders are listed once a study opens the dataset.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ovcf_bench.api import DataError, DatasetPlugin, Problem, Progress, hookimpl
from ovcf_plugins.datasets.files.folder import FolderParams, open_folder, read_image

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages

CARD = """\
Source: BUU-LSPINE, AP and lateral lumbar radiographs of 3,600 patients (a public part: 400) of Burapha University
Hospital, Thailand.
Citation: Klinwichit P. et al., Appl Sci 2023;13:8646, doi 10.3390/app13158646.
Licence: the university's terms of use; read them at the download before anything is published or passed on.
Access: services.informatics.buu.ac.th/spine.
Layout: root/AP/0001-F-037Y0.jpg and root/LA/0001-F-037Y1.jpg: number of the patient, sex, age in years, 0 for AP or 1
for lateral. Beside each image a .csv of the same name without a header: x1, y1, x2, y2, code, one row per endplate.
Meaning of the label: a physician's code of spondylolisthesis in params.positive stands in any row of any of the
patient's files; 0 is normal, the other codes are 1 left and 2 right laterolisthesis, 3 anterolisthesis,
4 retrolisthesis.
Traps: laterolisthesis is coded in AP files, antero- and retrolisthesis in lateral ones, so that the label rests on one
view; right lateral images were flipped to left; a fracture is not what is labelled; an image without its .csv is
listed as unusable, and its patient's label rests on the other view.
Not verified: the columns and the meaning of the codes are documented in code and notes of users of the set, not by its
authors; compare them with the report that comes with the set.
"""

_NAME = re.compile(r"(?P<patient>\d+)-(?P<sex>[FM])-(?P<age>\d{3})Y(?P<view>[01])\.jpg")
_VIEWS = {"AP": ("0", "ap"), "LA": ("1", "lateral")}
_CODES = ("0", "1", "2", "3", "4")
_CELLS = 5


class BuuLspineParams(FolderParams):
    """Parameters of the `buu_lspine` dataset."""

    positive: tuple[Literal[1, 2, 3, 4], ...] = Field(
        default=(1, 2, 3, 4), min_length=1, description="Codes of spondylolisthesis that make a patient positive."
    )
    grey: Literal["refuse", "luminance"] = Field(
        default="refuse", description="Colour images whose channels differ: refuse them, or take the luminance."
    )


def list_exams(root: Path, params: BuuLspineParams, progress: Progress) -> pd.DataFrame:
    """Return one row per image, AP before lateral, by name. Raises DataError with all broken annotation files."""
    import pandas as pd

    files = [(folder, each) for folder in _VIEWS for each in sorted((root / folder).glob("*.jpg"))]
    if not files:
        raise DataError(Problem("buu_lspine, params.root", "its folders AP and LA hold no .jpg files"))
    rows, problems = [], []
    for number, (folder, file) in enumerate(files, start=1):
        digit, view = _VIEWS[folder]
        named = _NAME.fullmatch(file.name)
        # The last digit of the name says the view once more; where folder and name disagree neither is believed.
        fits = named is not None and named["view"] == digit
        codes, wrong = _codes(file.with_suffix(".csv"), f"annotations of file {number}") if fits else (None, [])
        problems += wrong
        rows.append(
            {
                "patient_id": named["patient"] if named and fits else None,
                "image_id": f"{folder}/{file.name}",
                "view": view,
                "found": codes is not None and any(code in params.positive for code in codes),
                "place": f"file {number}",
                "path": f"{folder}/{file.name}",
                "unusable": _why_not(fits, codes),
                "age": float(named["age"]) if named else None,
                "sex": named["sex"] if named else None,
            }
        )
    if problems:
        raise DataError(*problems)
    table = pd.DataFrame(rows)
    # Laterolisthesis is coded in AP files, the others in lateral ones: either makes the patient positive.
    label = table.groupby("patient_id")["found"].transform("max").astype(float)
    return table.drop(columns="found").assign(exam_id=table["patient_id"], label=label, site="BUU")


def _why_not(fits: bool, codes: list[int] | None) -> str:
    if not fits:
        return "its name does not fit 0001-F-037Y0.jpg (AP) or 0001-F-037Y1.jpg (LA)"
    return "it has no annotation file" if codes is None else ""


def _codes(file: Path, where: str) -> tuple[list[int] | None, list[Problem]]:
    """Return the codes of an annotation file, None when there is none, and what is wrong with its rows."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    except FileNotFoundError:
        return None, []
    except (OSError, UnicodeDecodeError, csv.Error):
        return None, [Problem(where, "cannot be read", "Allowed: a CSV file in UTF-8, with commas.")]
    wrong = [
        Problem(f"{where}, row {number}", "is not x1, y1, x2, y2 and a code from 0 to 4")
        for number, row in enumerate(rows, start=1)
        if row and (len(row) != _CELLS or row[-1].removesuffix(".0") not in _CODES)
    ]
    return ([] if wrong else [int(float(row[-1])) for row in rows if row]), wrong


def open_buu_lspine(params: BuuLspineParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("buu_lspine", list_exams, params, folder, colours=params.grey)


def read_file(params: BuuLspineParams, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one file: (H, W), bone bright. Raises DataError."""
    return read_image(path, colours=params.grey)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce BUU-LSPINE."""
    register(
        DatasetPlugin(
            name="buu_lspine",
            params=BuuLspineParams,
            summary="BUU-LSPINE: paired AP and lateral lumbar spines, spondylolisthesis",
            open=open_buu_lspine,
            read_file=read_file,
            card=CARD,
        )
    )
