"""A folder of DICOM radiographs (CR, DX, MG) with a table of labels, as a dataset plugin.

This module needs no pydicom; files are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import DatasetPlugin, Params, hookimpl
from ovcf_plugins.datasets.files.folder import read_with

if TYPE_CHECKING:
    import numpy as np

    from ovcf_plugins.datasets.dicom.dataset import DicomFolder

CARD = """\
Source: a folder tree of DICOM files (CR, DX, MG), as a PACS exports it, and a CSV table of yours with the labels.
The table is joined by a key that you declare: a DICOM tag (PatientID, AccessionNumber, StudyInstanceUID,
SOPInstanceUID) or the file's path. Its further columns are covariates; age and sex come from the header otherwise.
View: View Position, View Code Sequence, Patient Orientation, the words of series and protocol, and a column of the
table are all asked. Where two disagree, or none says anything, the view is unknown and the image is listed, never
guessed: `ovcf-bench data list` shows every image with its evidence.
Pixels: modality LUT or rescale, then VOI LUT or the first window, then presentation (MONOCHROME1 or INVERSE is turned
once). Without VOI and window, P-values keep their full range and anything else is cut at its percentiles .5 and 99.5.
Meaning of the label: whatever your reference standard decided.
Identifiers: PatientID, UIDs, dates and paths appear in nothing that is written; the cached index of headers is
encrypted with a key in your configuration folder.
Traps: markers and text burned into the pixels stay there (BurnedInAnnotation = NO proves nothing); millimetres of
ImagerPixelSpacing hold at the detector; images For Processing and For Presentation look different and are not mixed.
"""

Word = str | int | float
Tag = Literal["PatientID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "path"]


class LabelTable(Params):
    """The table of labels, and how it is joined to the files."""

    path: str = Field(description="The CSV file, relative to the study file. ${VARIABLE} is replaced.")
    key: str = Field(default="patient_id", description="The column that says which image, exam or patient a row is.")
    tag: Tag = Field(default="PatientID", description="The DICOM tag with the same values; path: below the root.")
    label: str = Field(default="label", description="The column of labels.")
    patient_id: str | None = Field(default=None, description="The column of patients. Default: the tag PatientID.")
    site: str | None = Field(default=None, description="The column of sites. Default: the parameter site.")
    view: str | None = Field(default=None, description="The column that names the view, one more source of it.")
    positive: tuple[Word, ...] = Field(default=(1,), min_length=1, description="Labels that mean positive.")
    negative: tuple[Word, ...] = Field(default=(0,), min_length=1, description="Labels that mean negative.")


class DicomParams(Params):
    """Parameters of the `dicom` dataset."""

    root: str = Field(description="The folder of the files, relative to the study file. ${VARIABLE} is replaced.")
    labels: LabelTable = Field(description="The table of labels, and how it is joined to the files.")
    site: str = Field(default="site", min_length=1, description="Name of the site.")
    exam: Literal["StudyInstanceUID", "PatientID"] = Field(
        default="StudyInstanceUID", description="What makes one exam: a study, or all images of a patient."
    )
    views: Mapping[str, str] = Field(
        default_factory=dict,
        description="Our word for a view (ap, pa, lateral, cc, mlo): the study's, such as {pa: ap}.",
    )
    words: Mapping[str, str] = Field(
        default_factory=dict, description="Further words of series descriptions: our word for the view."
    )
    view_source: Literal["all", "table"] = Field(
        default="all", description="table: believe the table's view alone, whatever the headers say."
    )
    modalities: tuple[str, ...] = Field(
        default=("CR", "DX", "MG", "RG"), min_length=1, description="Modalities that are taken; others are listed."
    )
    intent: Literal["presentation", "processing"] | None = Field(
        default=None, description="Which images to take when some are For Presentation and some For Processing."
    )
    window: Literal["auto", "percentile", "full"] = Field(
        default="auto", description="Files without VOI: auto takes the full range of P-values, else percentiles."
    )
    frame: int | None = Field(default=None, ge=1, description="Which frame of files that hold several.")
    unlabelled: Literal["list", "ignore"] = Field(
        default="list", description="Files that the table does not name: list them as unusable, or ignore them."
    )

    @model_validator(mode="after")
    def _view_column_is_there(self) -> Self:
        if self.view_source == "table" and self.labels.view is None:
            raise ValueError("view_source: table needs labels.view, the column that names the view")
        return self


def open_dicom(params: DicomParams, folder: Path) -> DicomFolder:
    """Return the opened dataset; relative paths start at `folder`."""
    from ovcf_plugins.datasets.dicom.dataset import DicomFolder

    return DicomFolder(params, folder)


def read_file(params: DicomParams, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one file: (H, W), bone bright. Raises DataError."""
    from ovcf_plugins.datasets.dicom.pixels import read_radiograph

    return read_with(partial(read_radiograph, window=params.window, frame=params.frame), path)


def exported(folder: str, listing: str) -> Mapping[str, Any]:
    """Return the parameters that read what `data export --format dicom` wrote."""
    return {"root": folder, "labels": {"path": listing, "key": "path", "tag": "path", "view": "view", "site": "site"}}


def shown(params: DicomParams) -> Mapping[str, Any]:
    """Return how files without a window of their own are shown."""
    return {"window": params.window}


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce the DICOM folder."""
    register(
        DatasetPlugin(
            name="dicom",
            params=DicomParams,
            summary="A folder of DICOM radiographs (CR, DX, MG) with a table of labels",
            open=open_dicom,
            read_file=read_file,
            formats=("dicom",),
            exported=exported,
            shown=shown,
            requires=("pydicom", "cryptography"),
            extra="dicom",
            card=CARD,
        )
    )
