"""What a study may say of a folder of DICOM files and the table of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import Params

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
