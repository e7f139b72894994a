"""VinDr-Mammo, full-field digital mammograms from Hanoi, as a dataset plugin.

This module needs neither pandas nor pydicom; the table is read once a study opens the dataset.
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
Source: VinDr-Mammo, 5,000 mammography exams of four images (CC and MLO of both breasts) from Hanoi, Vietnam.
Citation: Nguyen H.T. et al., Sci Data 2023;10:277, doi 10.1038/s41597-023-02100-7; PhysioNet doi 10.13026/br2v-7517.
Licence: PhysioNet Restricted Health Data License (name to be checked at the download); no redistribution.
Access: restricted: PhysioNet account and data use agreement.
Layout: root/breast-level_annotations.csv (study_id, series_id, image_id, laterality, view_position, height, width,
breast_birads, breast_density, split) and root/images/STUDY_ID/IMAGE_ID.dicom.
Meaning of the label: the BI-RADS of the breast, read twice with arbitration, is params.positive_from (4) or higher. It
is a reader's assessment, not a proof of cancer: no biopsy results are given.
An exam is one breast of a study; the set names no patient, so that the study stands for the patient.
Traps: two breasts of a patient may have different labels: set analysis_level: exam; were a patient there with two
studies, nothing could tell; BI-RADS 4 and 5 are rare (about one breast in twenty); the assessment is that of the whole
breast, so that neither view has a reference standard of its own.
Not verified: how often BI-RADS 0 or 6 occur (0 counts as negative, 6 as positive). Age and device are in metadata.csv,
which is not read.
"""

_COLUMNS = ("study_id", "image_id", "laterality", "view_position", "breast_birads", "breast_density", "split")


class VindrMammoParams(FolderParams):
    """Parameters of the `vindr_mammo` dataset."""

    positive_from: int = Field(default=4, ge=1, le=6, description="The lowest BI-RADS that counts as positive.")
    split: Literal["training", "test", "all"] = Field(default="all", description="Which part of the set to take.")


def list_exams(root: Path, params: VindrMammoParams, progress: Progress) -> pd.DataFrame:
    """Return one row per image of the split. Raises DataError with everything that is wrong with the table."""
    import pandas as pd

    from ovcf_plugins.datasets.files import tables

    file = root / "breast-level_annotations.csv"
    table = tables.read_table(file, _COLUMNS, "the data card of vindr_mammo")
    birads = pd.to_numeric(table["breast_birads"].str.extract(r"^BI-RADS ([0-6])$")[0])
    again = {"the image_id stands in an earlier row already": table["image_id"].duplicated()}
    unknown = {"breast_birads is not BI-RADS 0 to BI-RADS 6": table["breast_birads"].notna() & birads.isna()}
    tables.refuse_rows(file, tables.empty_cells(table, _COLUMNS) | again | unknown)
    view = table["view_position"].str.lower()
    path = "images/" + table["study_id"] + "/" + table["image_id"] + ".dicom"
    exams = pd.DataFrame(
        {
            # The set names no patient; folds can only be grouped by study.
            "patient_id": table["study_id"],
            # BI-RADS is given for a breast: CC and MLO of one breast are what can be paired.
            "exam_id": table["study_id"] + "-" + table["laterality"],
            "image_id": table["image_id"],
            "view": view,
            "label": (birads >= params.positive_from).astype(int),
            "site": "VinDr-Mammo",
            "place": tables.places(file, path.index),
            "path": path,
            "unusable": tables.first_reason({"its view is neither CC nor MLO": ~view.isin(["cc", "mlo"])}),
            "laterality": table["laterality"],
            "birads": birads,
            "density": table["breast_density"].str.removeprefix("DENSITY "),
        }
    )
    wanted = table["split"].isin(["training", "test"] if params.split == "all" else [params.split])
    return exams[wanted].reset_index(drop=True)


def open_vindr_mammo(params: VindrMammoParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("vindr_mammo", list_exams, params, folder)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce VinDr-Mammo."""
    register(
        DatasetPlugin(
            name="vindr_mammo",
            params=VindrMammoParams,
            summary="VinDr-Mammo: mammograms, CC and MLO, BI-RADS of the breast",
            open=open_vindr_mammo,
            read_file=read_as_stored,
            requires=("pydicom",),
            card=CARD,
        )
    )
