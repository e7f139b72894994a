"""A folder of DICOM radiographs (CR, DX, MG) with a table of labels, as a dataset plugin.

This module needs no pydicom; files are read once a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.api import DatasetPlugin, hookimpl
from ovcf_plugins.datasets.dicom.params import DicomParams
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
