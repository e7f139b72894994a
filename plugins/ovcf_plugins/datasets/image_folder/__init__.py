"""Folders named after classes, one tree per view, as a dataset plugin.

This module needs no pandas; folders are listed once a study opens the dataset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.api import DataError, DatasetPlugin, Problem, Progress, hookimpl
from ovcf_plugins.datasets.files.folder import open_folder, read_image
from ovcf_plugins.datasets.image_folder.params import ImageFolderParams, names_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages

CARD = """\
Source: folders of yours, one tree per view with one folder per class: ap/fracture/, ap/normal/, lateral/fracture/, ...
Such trees come with much published code, that of Kim et al. (Sci Rep 2024;14:28388) among it.
Citation: that of your data.
Licence: that of your data.
Access: yours.
Layout: every file below a class folder is one grey image: PNG and TIFF of 8 or 16 bits, JPEG, or DICOM.
Meaning of the label: the folder's; params.positive and params.negative name the folders, one or several of them; the
alphabet decides nothing, and class folders that neither names are not read.
Patients: folders name none, so a regular expression reads them from the start of the file names. A name that does not
match is listed as unusable, never guessed. Without a group `exam`, all images of a patient are one exam.
Traps: an expression that catches the number of the image instead of the patient's lets patients leak between folds
(compare the number of patients in the participant flow with what you know); class folders that were filled at different
times or by different devices are told apart by that alone; markers burned into the pixels stay there.
"""

_WHERE = "image_folder, params"


def class_folders(root: Path, params: ImageFolderParams) -> Iterator[tuple[str, int, Path]]:
    """Yield view, label and path of every class folder. Raises DataError for the first that is not there."""
    for view, tree in params.views.items():
        for label, word, names in ((1, "positive", params.positive), (0, "negative", params.negative)):
            for name in names_of(names):
                folder = root / tree / name
                if not folder.is_dir():
                    found, advice = f"the folder of {word} images is not there", f"params.{word} calls it {name!r}."
                    raise DataError(Problem(f"{_WHERE}.views.{view}", found, advice))
                yield view, label, folder


def list_exams(root: Path, params: ImageFolderParams, progress: Progress) -> pd.DataFrame:
    """Return one row per file in the order of paths. Raises DataError for missing folders and two-class patients."""
    import pandas as pd

    rows = []
    for view, label, folder in class_folders(root, params):
        found = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
        rows += [(file.relative_to(root).as_posix(), view, label) for file in found]
    if not rows:
        raise DataError(Problem(f"{_WHERE}.root", "the class folders hold no files"))
    table = pd.DataFrame(sorted(rows), columns=["image_id", "view", "label"])
    named = [re.match(params.patient, path.rpartition("/")[2]) for path in table["image_id"]]
    groups = [each.groupdict() if each else {} for each in named]
    table["patient_id"] = pd.Series([each.get("patient") or None for each in groups], dtype=object)
    table["exam_id"] = table["patient_id"] + "-" + pd.Series([each.get("exam") or "" for each in groups], dtype=object)
    both = int((table.groupby("patient_id")["label"].nunique() > 1).sum())
    if both:
        found_both = f"{both} {'patient has' if both == 1 else 'patients have'} images in the folders of both classes"
        raise DataError(Problem(f"{_WHERE}.patient", found_both, "Look at the expression, or mend the folders."))
    place = "file " + (table.index + 1).astype(str)
    unusable = table["patient_id"].isna().map({True: "its name does not fit params.patient", False: ""})
    return table.assign(site=params.site, place=place, path=table["image_id"], unusable=unusable)


def open_image_folder(params: ImageFolderParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("image_folder", list_exams, params, folder, colours=params.grey, inverted=params.inverted)


def read_file(params: ImageFolderParams, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one file: (H, W), bone bright. Raises DataError."""
    return read_image(path, colours=params.grey, inverted=params.inverted)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce the folders of classes."""
    register(
        DatasetPlugin(
            name="image_folder",
            params=ImageFolderParams,
            summary="One folder per class, one tree per view; patients are read from file names",
            open=open_image_folder,
            read_file=read_file,
            card=CARD,
        )
    )
