"""VinDr-SpineXR, spine radiographs from Vietnam, as a dataset plugin.

This module needs neither pandas nor pydicom; table and headers are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ovcf_bench.api import DataError, DatasetPlugin, Problem, Progress, hookimpl, one_of
from ovcf_plugins.datasets.files.folder import FolderParams, open_folder, read_as_stored

if TYPE_CHECKING:
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages

CARD = """\
Source: VinDr-SpineXR, some 10,470 spine radiographs of 5,000 studies from hospitals in Vietnam.
Citation: Nguyen H.T. et al., MICCAI 2021, arXiv:2106.12930; PhysioNet doi 10.13026/q45h-5h59.
Licence: PhysioNet Restricted Health Data License (name to be checked at the download); no redistribution.
Access: restricted: PhysioNet account and data use agreement.
Layout: root/train_images/IMAGE_ID.dicom and root/test_images/; root/annotations/train.csv and test.csv with study_id,
series_id, image_id, rad_id, lesion_type, xmin, ymin, xmax, ymax: one row per box, or one row "No finding".
Meaning of the label: one radiologist drew a box of a lesion_type in params.positive on any image of the study. Eight
words occur: Osteophytes, Spondylolysthesis (so spelt), Disc space narrowing, Vertebral collapse, Foraminal stenosis,
Surgical implant, Other lesions, No finding.
Patients: the set names none; a study stands for a patient, and a patient with two studies could leak between folds.
View: the set has no such column. It is taken from the DICOM header, and from params.views_file (image_id,view) where
you have one; images whose view nothing tells, or whose sources disagree, are listed as unusable.
Traps: a box was drawn where the lesion is seen, so that the label of the study may rest on one view alone; all levels
of the spine are mixed, cervical to lumbar; implants and other lesions are among the negatives; one reader, no
reference standard from MRI; users of the set met files whose window ends in a stray comma, which counts as broken.
Not verified: which tags de-identification left (age and sex stay; the view may well be gone), and that no other
lesion_type occurs.
"""

_COLUMNS = ("study_id", "image_id", "lesion_type")


class VindrSpinexrParams(FolderParams):
    """Parameters of the `vindr_spinexr` dataset."""

    part: Literal["train", "test"] = Field(default="train", description="The part of the set: train or test.")
    positive: tuple[str, ...] = Field(
        default=("Vertebral collapse",), min_length=1, description="Words of lesion_type that make a study positive."
    )
    views: Mapping[str, str] = Field(
        default_factory=dict, description="Our word for a view (ap, pa, lateral): the study's, such as {pa: ap}."
    )
    views_file: str | None = Field(
        default=None,
        description="A CSV file of yours with image_id and view (in the study's words), relative to the study file. "
        "${VARIABLE} is replaced.",
    )


def list_exams(root: Path, params: VindrSpinexrParams, progress: Progress, folder: Path) -> pd.DataFrame:
    """Return one row per image, in the order in which the table first names it; `folder` is the study's.

    Raises DataError with everything that is wrong with the table, or when it knows no positive lesion type.
    """
    import pandas as pd

    from ovcf_plugins.datasets.dicom.headers import age_years
    from ovcf_plugins.datasets.dicom.view import find_view
    from ovcf_plugins.datasets.files import tables

    file = root / "annotations" / f"{params.part}.csv"
    boxes = tables.read_table(file, _COLUMNS, "the data card of vindr_spinexr")
    first = boxes.groupby("image_id")["study_id"].transform("first")
    two_studies = {"the image stood in another study before": boxes["study_id"] != first}
    tables.refuse_rows(file, tables.empty_cells(boxes, _COLUMNS) | two_studies)
    known = boxes["lesion_type"].unique()
    # A misspelt lesion (the set itself spells Spondylolysthesis) would make every study negative.
    unknown = [each for each in params.positive if each not in known]
    if unknown:
        where = "vindr_spinexr, params.positive"
        raise DataError(*(Problem(where, f"no row has {each!r}", one_of(each, known)) for each in unknown))
    positive = boxes.loc[boxes["lesion_type"].isin(params.positive), "study_id"]
    images = boxes.drop_duplicates("image_id")
    path = f"{params.part}_images/" + images["image_id"] + ".dicom"
    facts = [_facts(root / each, number, len(path), progress) for number, each in enumerate(path, start=1)]
    said = _views_of_table(params, folder)
    views = [
        find_view(each, said.get(image), params.views, {})
        for each, image in zip(facts, images["image_id"], strict=True)
    ]
    unseen = pd.Series([not each.known for each in views], index=images.index)
    return pd.DataFrame(
        {
            "patient_id": images["study_id"],
            "exam_id": images["study_id"],
            "image_id": images["image_id"],
            "view": [each.name for each in views],
            # A box is drawn where the lesion is seen: the other view of that study shows the same spine.
            "label": images["study_id"].isin(positive).astype(int),
            "site": "VinDr-SpineXR",
            "place": tables.places(file, path.index),
            "path": path,
            "unusable": tables.first_reason({"its view is unknown, or its sources disagree": unseen}),
            "evidence": [each.evidence for each in views],
            "age": [age_years(each) for each in facts],
            "sex": [each.get("PatientSex") for each in facts],
        }
    ).reset_index(drop=True)


def _facts(path: Path, number: int, of: int, progress: Progress) -> Mapping[str, Any]:
    from ovcf_plugins.datasets.dicom.headers import read_facts

    if number % 500 == 0:
        progress("Reading headers", number, of)
    return read_facts(path)  # a file that is missing is told later, with all others


def _views_of_table(params: VindrSpinexrParams, folder: Path) -> dict[str, str]:
    from ovcf_plugins.datasets.files import tables
    from ovcf_plugins.datasets.files.places import with_variables

    if params.views_file is None:
        return {}
    where = "vindr_spinexr, params.views_file"
    file = folder / with_variables(params.views_file, where)
    table = tables.read_table(file, ("image_id", "view"), where)
    again = {"the image_id stands in an earlier row already": table["image_id"].duplicated()}
    tables.refuse_rows(file, tables.empty_cells(table, ("image_id", "view")) | again)
    return dict(zip(table["image_id"], table["view"], strict=True))


def open_vindr_spinexr(params: VindrSpinexrParams, folder: Path) -> ListedImages:
    """Return the opened dataset; relative paths start at `folder`."""
    return open_folder("vindr_spinexr", partial(list_exams, folder=folder), params, folder)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce VinDr-SpineXR."""
    register(
        DatasetPlugin(
            name="vindr_spinexr",
            params=VindrSpinexrParams,
            summary="VinDr-SpineXR: spine radiographs in DICOM, boxes of lesions such as vertebral collapse",
            open=open_vindr_spinexr,
            read_file=read_as_stored,
            requires=("pydicom",),
            card=CARD,
        )
    )
