"""Images listed in a CSV file, as a dataset plugin: one row per image, covariates in further columns.

This module needs no pandas; table and images are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.api import DatasetPlugin, hookimpl
from ovcf_plugins.datasets.files.folder import read_image
from ovcf_plugins.datasets.manifest.params import ManifestParams

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
