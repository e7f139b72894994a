"""What a study may say of images that a CSV file lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import Params

Word = str | int | float


class Columns(Params):
    """What the columns of the file are called."""

    patient_id: str = Field(default="patient_id", description="Whose image it is.")
    view: str = Field(default="view", description="Which view it shows.")
    label: str = Field(default="label", description="What the reference standard decided.")
    path: str = Field(default="path", description="Where the file is, from params.root.")
    exam_id: str | None = Field(default=None, description="Default: the column exam_id, or one exam per patient.")
    image_id: str | None = Field(default=None, description="Default: the column image_id, or exam, view and number.")
    site: str | None = Field(default=None, description="Default: the column site, or the parameter site.")


class ManifestParams(Params):
    """Parameters of the `manifest` dataset."""

    path: str = Field(description="The CSV file, relative to the study file. ${VARIABLE} is replaced.")
    root: str | None = Field(
        default=None, description="Where the paths of images start. Default: the folder of the CSV file."
    )
    columns: Columns = Field(default=Columns(), description="The names that the columns have in this file.")
    positive: tuple[Word, ...] = Field(default=(1,), min_length=1, description="Labels that mean positive.")
    negative: tuple[Word, ...] = Field(default=(0,), min_length=1, description="Labels that mean negative.")
    label_level: Literal["patient", "exam"] = Field(
        default="patient", description="exam: exams of one patient may have different labels."
    )
    views: Mapping[str, str] = Field(
        default_factory=dict, description="The file's word for a view: ours. When given, no other words may occur."
    )
    site: str = Field(default="site", min_length=1, description="Name of the site, when the file has no such column.")
    inverted: bool = Field(default=False, description="true: bone is dark in these files.")
    grey: Literal["refuse", "luminance"] = Field(
        default="refuse", description="Colour images whose channels differ: refuse them, or take the luminance."
    )
    window: Literal["auto", "percentile", "full"] = Field(
        default="auto", description="DICOM without VOI: auto takes the full range of P-values, else percentiles."
    )
    verify: Literal["header", "existence"] = Field(
        default="header", description="Look into every file beforehand, or (quick for a million) at its name only."
    )

    @model_validator(mode="after")
    def _no_label_means_both(self) -> Self:
        both = {str(word) for word in self.positive} & {str(word) for word in self.negative}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} stands in positive and in negative")
        return self
