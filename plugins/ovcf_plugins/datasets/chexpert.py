"""CheXpert, chest radiographs of Stanford Hospital, as a dataset plugin.

This module needs no pandas; tables are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ovcf_bench.api import DatasetPlugin, Progress, hookimpl
from ovcf_plugins.datasets.files.folder import open_folder, read_as_stored
from ovcf_plugins.datasets.files.report_labels import UNKNOWN_VIEW, ReportLabelParams, report_labels, unknown_labels

if TYPE_CHECKING:
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages

CARD = """\
Source: CheXpert, 224,316 chest radiographs of 65,240 patients of Stanford Hospital, frontal and lateral.
Citation: Irvin J. et al., AAAI 2019;33:590-597, doi 10.1609/aaai.v33i01.3301590.
Licence: Stanford's research use agreement; it allows no redistribution.
Access: after registration at stanfordmlgroup.github.io/competitions/chexpert.
Layout: root/train.csv and root/valid.csv with Path, Sex, Age, Frontal/Lateral, AP/PA and 14 findings; the first part of
Path (CheXpert-v1.0/ or CheXpert-v1.0-small/) is the root itself: root/train/patient00001/study1/view1_frontal.jpg.
Meaning of the label: train.csv: what a program read from the report, for the whole study: 1 positive, 0 negative,
-1 uncertain, blank not mentioned. valid.csv: the majority of three radiologists, without -1 and blanks. A study says
what becomes of uncertain and blank labels; those left out are listed as unusable and counted.
Views: frontal and lateral. AP or PA, blank for laterals, is kept as tag_projection.
Traps: "frontal" mixes AP, mostly of patients in bed, and PA; labels of train.csv and valid.csv come from different
sources; "No Finding" is 1 or blank, hardly ever 0; a patient has several studies, with different labels: set
analysis_level: exam; the small version is reduced to about 390 x 320 pixels of 8 bits.
Not verified: that the later "batch" downloads have the same paths; age 0 seems to stand for an unknown age.
"""

_COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA")
_IN_PATH = r"(?P<patient>patient\d+)/(?P<study>study\d+)/[^/]+$"


class ChexpertParams(ReportLabelParams):
    """Parameters of the `chexpert` dataset."""

    part: Literal["train", "valid"] = Field(default="train", description="train.csv or valid.csv.")


def list_exams(root: Path, params: ChexpertParams, progress: Progress) -> pd.DataFrame:
    """Return one row per row of the table. Raises DataError with everything that is wrong with its rows."""
    import pandas as pd

    from ovcf_plugins.datasets.files import tables

    file = root / f"{params.part}.csv"
    table = tables.read_table(file, (*_COLUMNS, params.target), "the data card of chexpert")
    # Path starts with CheXpert-v1.0 or CheXpert-v1.0-small, whichever was downloaded: that is the root itself.
    path = table["Path"].str.partition("/")[2]
    ids = path.str.extract(_IN_PATH)
    words = table[params.target]
    bad = {"Path names no patient and study": ids.isna().any(axis=1), "Path stands twice": path.duplicated()}
    tables.refuse_rows(file, bad | unknown_labels(words, params.target))
    label, left_out = report_labels(words, params)
    view = table["Frontal/Lateral"].map({"Frontal": "frontal", "Lateral": "lateral"})
    return pd.DataFrame(
        {
            "patient_id": ids["patient"],
            # study1 exists for every patient.
            "exam_id": ids["patient"] + "-" + ids["study"],
            "image_id": path,
            "view": view,
            "label": label,
            "site": "CheXpert",
            "place": tables.places(file, path.index),
            "path": path,
            "unusable": tables.first_reason({UNKNOWN_VIEW: view.isna(), **left_out}),
            "age": pd.to_numeric(table["Age"], errors="coerce"),
            "sex": table["Sex"],
            # AP mostly means a patient in bed: the shortcut probe looks at it, no network does.
            "tag_projection": table["AP/PA"],
        }
    ).reset_index(drop=True)


def open_chexpert(params: ChexpertParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("chexpert", list_exams, params, folder)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce CheXpert."""
    register(
        DatasetPlugin(
            name="chexpert",
            params=ChexpertParams,
            summary="CheXpert: chest radiographs, frontal and lateral, 14 findings from reports",
            open=open_chexpert,
            read_file=read_as_stored,
            card=CARD,
        )
    )
