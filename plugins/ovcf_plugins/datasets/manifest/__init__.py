"""Images listed in a CSV file, as a dataset plugin: one row per image, covariates in further columns.

This module needs no pandas; table and images are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import DatasetPlugin, Params, hookimpl
from ovcf_plugins.datasets.files.folder import read_image

if TYPE_CHECKING:
    import numpy as np

    from ovcf_plugins.datasets.files.listed import ListedImages
CARD = """\
Source: a CSV file of yours, with one row per image; its columns patient_id, view, label and path may have other
names (params.columns). exam_id and image_id are optional: without exam_id, all images of a patient are one exam.
Every further column is a covariate: for eligibility, and, where the study declares it, for Table 1.
Files: PNG and TIFF of 8 or 16 bits, JPEG, TIFF of floats from 0 to 1; one grey image each. Colour is accepted
when its channels are equal. Orientation tags (EXIF) are ignored: pixels count as they are stored.
Meaning of the label: whatever your reference standard decided; one label per patient, or per exam.
Identifiers: patient_id, exam_id, image_id and path are never written; runs hold keyed pseudonyms.
Traps: a patient_id that names images instead of patients lets patients leak between folds; markers and labels
burned into the pixels are not removed.
"""

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


def open_manifest(params: ManifestParams, folder: Path) -> ListedImages:
    """Return the opened dataset; a relative `path` or `root` starts at `folder`."""
    from ovcf_plugins.datasets.files.listed import ListedImages, Reading
    from ovcf_plugins.datasets.files.places import with_variables
    from ovcf_plugins.datasets.manifest.table import list_exams

    file = folder / with_variables(params.path, "manifest, params.path")
    root = folder / with_variables(params.root, "manifest, params.root") if params.root else file.parent
    reading = Reading(params.grey, params.inverted, params.window)
    return ListedImages(lambda progress: list_exams(file, root, params), root, reading, verify=params.verify)


def read_file(params: ManifestParams | None, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one PNG, JPEG, TIFF or DICOM file: (H, W), bone bright. Raises DataError."""
    if params is None:
        return read_image(path)
    return read_image(path, colours=params.grey, inverted=params.inverted, window=params.window)


def exported(folder: str, listing: str) -> Mapping[str, Any]:
    """Return the parameters that read what `data export` wrote."""
    return {"path": listing}


def shown(params: ManifestParams) -> Mapping[str, Any]:
    """Return how DICOM files without a window of their own are shown."""
    return {"window": params.window}


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce the manifest."""
    register(
        DatasetPlugin(
            name="manifest",
            params=ManifestParams,
            summary="Images listed in a CSV file (PNG, JPEG, TIFF), with covariates",
            open=open_manifest,
            read_file=read_file,
            formats=("png",),
            exported=exported,
            shown=shown,
            card=CARD,
        )
    )
