"""MIMIC-CXR-JPG, chest radiographs of Beth Israel Deaconess Medical Center, as a dataset plugin.

This module needs no pandas; tables are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
Source: MIMIC-CXR-JPG, 377,110 chest radiographs of Beth Israel Deaconess Medical Center, 2011 to 2016.
Citation: Johnson A. et al., PhysioNet 2024, doi 10.13026/jsn5-t979 (version 2.1.0); arXiv:1901.07042.
Licence: PhysioNet Credentialed Health Data License; it allows no redistribution.
Access: credentialed PhysioNet account, training in human research, data use agreement.
Layout: in the root mimic-cxr-2.0.0-metadata.csv (dicom_id, subject_id, study_id, ViewPosition, ...), -split.csv
(dicom_id, split) and -chexpert.csv or -negbio.csv (subject_id, study_id, 14 findings), plain or as .gz; images are
files/p10/p10000032/s50414267/DICOM_ID.jpg. Version 2.1.0 keeps the names with 2.0.0.
Meaning of the label: what a program (CheXpert or NegBio) read from the report, for the whole study: 1 positive,
0 negative, -1 uncertain, blank not mentioned. A study says what becomes of uncertain and blank labels; those left out
are listed as unusable and counted, and so are images of the few studies that have no label at all.
Views: AP and PA are frontal, LL and LATERAL lateral; blank (some 15,800 images) and all others are listed as unusable.
ViewPosition is kept as tag_projection.
Traps: LL and LATERAL are two words for one view; AP means mostly a patient in bed; a patient has several studies, with
different labels: set analysis_level: exam; the same program labels CheXpert's training part, so that its mistakes are
shared; the maintainers know of rare images whose view is wrong.
Not verified: the full list of values of ViewPosition. Age and sex are in MIMIC-IV, not here.
"""

# Not by the first letter: LL and LATERAL are one view, and so are AP and PA here.
_VIEWS = {"AP": "frontal", "PA": "frontal", "LL": "lateral", "LATERAL": "lateral"}
_IDS = ("subject_id", "study_id")
_WHERE = "the data card of mimic_cxr"


class MimicCxrParams(ReportLabelParams):
    """Parameters of the `mimic_cxr` dataset."""

    labeller: Literal["chexpert", "negbio"] = Field(default="chexpert", description="Which program's labels to take.")
    split: Literal["train", "validate", "test", "all"] = Field(default="all", description="Which images to take.")


def list_exams(root: Path, params: MimicCxrParams, progress: Progress) -> pd.DataFrame:
    """Return one row per image of the metadata. Raises DataError with everything that is wrong with a table."""
    import pandas as pd

    from ovcf_plugins.datasets.files import tables

    file, table = _read(root, "metadata", ("dicom_id", *_IDS, "ViewPosition"))
    tables.refuse_rows(file, {"the dicom_id stands in an earlier row already": table["dicom_id"].duplicated()})
    if params.split != "all":
        _, split = _read(root, "split", ("dicom_id", "split"))
        table = table[table["dicom_id"].isin(split.loc[split["split"] == params.split, "dicom_id"])]
    labels_file, findings = _read(root, params.labeller, (*_IDS, params.target))
    again = findings.duplicated([*_IDS])
    bad = unknown_labels(findings[params.target], params.target)
    tables.refuse_rows(labels_file, {"the study stands in an earlier row already": again} | bad)
    study = pd.MultiIndex.from_frame(table[[*_IDS]])
    known = findings.set_index([*_IDS])[params.target]
    label, left_out = report_labels(pd.Series(known.reindex(study).to_numpy(), index=table.index), params)
    # A few studies have no row at all; without one they would look like "not mentioned".
    unlabelled = pd.Series(~study.isin(known.index), index=table.index)
    view = table["ViewPosition"].map(_VIEWS)
    patient, exam = "p" + table["subject_id"], "s" + table["study_id"]
    path = "files/" + patient.str[:3] + "/" + patient + "/" + exam + "/" + table["dicom_id"] + ".jpg"
    reasons = {UNKNOWN_VIEW: view.isna(), "its study has no label": unlabelled, **left_out}
    return pd.DataFrame(
        {
            "patient_id": patient,
            "exam_id": exam,
            "image_id": table["dicom_id"],
            "view": view,
            "label": label,
            "site": "MIMIC-CXR",
            "place": tables.places(file, path.index),
            "path": path,
            "unusable": tables.first_reason(reasons),
            "tag_projection": table["ViewPosition"],
        }
    ).reset_index(drop=True)


def _read(root: Path, kind: str, columns: Sequence[str]) -> tuple[Path, pd.DataFrame]:
    """Return a table of the set, plain or compressed, and its file; columns of identifiers have no empty cells."""
    from ovcf_plugins.datasets.files import tables

    plain = root / f"mimic-cxr-2.0.0-{kind}.csv"
    # PhysioNet serves the tables compressed; who has unpacked them need not pack them again.
    file = plain if plain.exists() else plain.with_name(f"{plain.name}.gz")
    table = tables.read_table(file, columns, _WHERE)
    tables.refuse_rows(file, tables.empty_cells(table, [name for name in columns if name.endswith("_id")]))
    return file, table


def open_mimic_cxr(params: MimicCxrParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `root` starts at `folder`."""
    return open_folder("mimic_cxr", list_exams, params, folder)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce MIMIC-CXR-JPG."""
    register(
        DatasetPlugin(
            name="mimic_cxr",
            params=MimicCxrParams,
            summary="MIMIC-CXR-JPG: chest radiographs, frontal and lateral, 14 findings from reports",
            open=open_mimic_cxr,
            read_file=read_as_stored,
            card=CARD,
        )
    )
