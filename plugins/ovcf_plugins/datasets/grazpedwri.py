"""GRAZPEDWRI-DX, wrist radiographs of children from Graz, as a dataset plugin.

This module needs no pandas; the table is read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ovcf_bench.api import DatasetPlugin, Progress, hookimpl
from ovcf_plugins.datasets.files.folder import FolderParams, open_folder, read_as_stored

if TYPE_CHECKING:
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages

CARD = """\
Source: GRAZPEDWRI-DX, 20,327 wrist radiographs of 6,091 children and adolescents, University Hospital Graz, 2008-2018.
Citation: Nagy E. et al., Sci Data 2022;9:222, doi 10.1038/s41597-022-01328-z.
Licence: CC BY 4.0, to be checked at the download.
Access: open, on figshare; dataset.csv and the four archives of images are unpacked into one folder.
Layout: root/dataset.csv (filestem, patient_id, study_number, gender, age, laterality, projection, initial_exam,
ao_classification, cast, diagnosis_uncertain, osteopenia, fracture_visible, metal, ...) and root/images_part1 to
images_part4 with FILESTEM.png of 8 or 16 bits.
Meaning of the label: a fracture is visible in at least one image of the wrist in that study (fracture_visible is 1),
oblique views and views with a cast included. An exam is one wrist of one study of a patient.
Views: projection 1 is frontal, 2 lateral; all others (oblique) are listed as unusable.
Covariates: age, sex, and 1 or 0 for initial_exam, cast, diagnosis_uncertain, osteopenia and metal (blank counts as 0).
Traps: a cast, a plate or a follow-up gives the fracture away: params.casts must be said, and metal and initial_exam are
there for eligibility; diagnosis_uncertain marks images that the radiologists were unsure of; a patient has several
studies and two wrists, with different labels: set analysis_level: exam.
Not verified: whether fracture_visible is ever 0 instead of blank (both count as no fracture), and the codes of
projection beyond 1 and 2.
"""

_IDS = ("filestem", "patient_id", "study_number", "laterality", "projection")
_FLAGS = ("initial_exam", "cast", "diagnosis_uncertain", "osteopenia", "metal")
_PARTS = ("images_part1", "images_part2", "images_part3", "images_part4")
_VIEWS = {1: "frontal", 2: "lateral"}


class GrazpedwriParams(FolderParams):
    """Parameters of the `grazpedwri` dataset."""

    # Without a default: whoever keeps casts measures how well a network sees plaster, and must have wanted it.
    casts: Literal["exclude", "keep"] = Field(description="Images with a cast, which gives the fracture away.")


def list_exams(root: Path, params: GrazpedwriParams, progress: Progress) -> pd.DataFrame:
    """Return one row per row of dataset.csv. Raises DataError with everything that is wrong with its rows."""
    import pandas as pd

    from ovcf_plugins.datasets.files import tables

    file = root / "dataset.csv"
    wanted = (*_IDS, *_FLAGS, "fracture_visible", "age", "gender", "device_manufacturer")
    table = tables.read_table(file, wanted, "the data card of grazpedwri")
    numbers = table[[*_FLAGS, "fracture_visible"]].apply(pd.to_numeric, errors="coerce")
    no_flag = {f"{name} is not 1, 0 or blank": table[name].notna() & ~numbers[name].isin([0, 1]) for name in numbers}
    again = {"the filestem stands in an earlier row already": table["filestem"].duplicated()}
    tables.refuse_rows(file, tables.empty_cells(table, _IDS) | again | no_flag)
    # The table leaves cells blank for "no"; a 0, should one occur, means the same.
    flags = numbers.fillna(0).astype(int)
    # Both wrists of a child may be taken in one study, and one of them is whole.
    exam = table["patient_id"] + "-" + table["study_number"] + "-" + table["laterality"]
    view = pd.to_numeric(table["projection"], errors="coerce").map(_VIEWS)
    part_of = {image.stem: part for part in _PARTS for image in (root / part).glob("*.png")}
    path = table["filestem"].map(part_of).fillna(_PARTS[0]) + "/" + table["filestem"] + ".png"
    reasons = {
        "its projection is neither frontal nor lateral": view.isna(),
        "a cast is in the image": (flags["cast"] == 1) & (params.casts == "exclude"),
    }
    return pd.DataFrame(
        {
            "patient_id": table["patient_id"],
            "exam_id": exam,
            "image_id": table["filestem"],
            "view": view,
            # A fracture that only one view shows is there in both: else the view that misses it would be right.
            "label": flags["fracture_visible"].groupby(exam).transform("max"),
            "site": "Graz",
            "place": tables.places(file, path.index),
            "path": path,
            "unusable": tables.first_reason(reasons),
            "age": pd.to_numeric(table["age"], errors="coerce"),
            "sex": table["gender"],
            **{name: flags[name] for name in _FLAGS},
            "tag_manufacturer": table["device_manufacturer"],
        }
    ).reset_index(drop=True)


def open_grazpedwri(params: GrazpedwriParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("grazpedwri", list_exams, params, folder)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce GRAZPEDWRI-DX."""
    register(
        DatasetPlugin(
            name="grazpedwri",
            params=GrazpedwriParams,
            summary="GRAZPEDWRI-DX: wrists of children, frontal and lateral, visible fracture",
            open=open_grazpedwri,
            read_file=read_as_stored,
            card=CARD,
        )
    )
