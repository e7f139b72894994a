"""Images as de-identified DICOM: Computed Radiography Image Storage, which asks for no fact that is not known here.

Only what is needed to read the image again is written, all of it new: pseudonyms, UIDs made from them, no dates, no
private tags. So everything that PS3.15, table E.1-1 (basic profile) removes or replaces is absent or replaced. Text
that is burned into the pixels stays; Burned In Annotation says NO only of computed cohorts.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.images import Pixels16

INSTALL = "pip install 'ovcf-bench[dicom]'"
Codec = Literal["none", "jpeg2000", "rle", "jpeg-ls"]
Photometric = Literal["MONOCHROME1", "MONOCHROME2"]

_ONE_AT_A_TIME = Lock()  # the encoder of JPEG 2000 crashes when two threads use it
_POSITIONS = {"ap": "AP", "pa": "PA", "lateral": "LL", "cc": "CC", "mlo": "MLO"}
_CODES = {
    "ap": ("399348003", "antero-posterior"),
    "pa": ("272479007", "postero-anterior"),
    "lateral": ("399067008", "lateral"),
    "frontal": ("399033003", "frontal"),
    "cc": ("399162004", "cranio-caudal"),
    "mlo": ("399368009", "medio-lateral oblique"),
}  # PS3.16, CID 4010


@dataclass(frozen=True, slots=True)
class Dicom:
    """The DICOM form (`Form`). window : also write a VOI window over the full range; synthetic : no patient at all."""

    codec: Codec = "none"
    bits: Literal[12, 16] = 16
    photometric: Photometric = "MONOCHROME2"
    window: bool = False
    synthetic: bool = False
    suffix: str = ".dcm"

    @property
    def words(self) -> str:
        """Everything that the files depend on besides the images."""
        return f"dicom 1 {self.codec} {self.bits} {self.photometric} {self.window} {self.synthetic}"

    def encode(self, image: Pixels16, row: Mapping[str, Any]) -> bytes:
        """Return the file of an image."""
        from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

        dataset = self._header(row)
        self._add_pixels(dataset, image)
        syntax = {"jpeg2000": JPEG2000Lossless, "rle": RLELossless, "jpeg-ls": JPEGLSLossless}.get(self.codec)
        if syntax is not None:
            self._compress(dataset, syntax)
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    def _compress(self, dataset: Any, syntax: Any) -> None:
        try:
            with _ONE_AT_A_TIME:
                dataset.compress(syntax, generate_instance_uid=False)
        except RuntimeError as error:  # no encoder, or one that cannot take so small an image
            found = f"{self.codec} cannot be written: {str(error).splitlines()[0]}"
            raise DataError(Problem("--codec", found, f"Use another codec, or install: {INSTALL}")) from None

    def is_whole(self, path: Path) -> bool:
        """Whether the file is there; it is written under another name until it is whole."""
        return path.is_file()

    def _header(self, row: Mapping[str, Any]) -> Any:
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
        meta.MediaStorageSOPInstanceUID = _uid("image", row["image_id"])
        made = Dataset()
        made.file_meta = meta
        made.SOPClassUID = meta.MediaStorageSOPClassUID
        made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        made.StudyInstanceUID = _uid("exam", row["exam_id"])
        made.SeriesInstanceUID = _uid("series", f"{row['exam_id']} {row['view']}")
        made.Modality, made.ImageType = "CR", ["DERIVED", "PRIMARY"]
        made.PatientID, made.PatientName = str(row["patient_id"]), ""
        for empty in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
                      "ReferringPhysicianName", "SeriesNumber", "InstanceNumber", "Manufacturer", "Laterality",
                      "PatientOrientation", "BodyPartExamined"):  # fmt: skip
            setattr(made, empty, None)
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = "Rewritten without any element of the source but its pixels"
        made.DeidentificationMethodCodeSequence = [_code("113100", "DCM", "Basic Application Confidentiality Profile")]
        made.BurnedInAnnotation = "NO" if self.synthetic else "YES"
        view = str(row["view"])
        made.ViewPosition = _POSITIONS.get(view, "")
        if view in _CODES:
            value, meaning = _CODES[view]
            made.ViewCodeSequence = [_code(value, "SCT", meaning)]
        return made

    def _add_pixels(self, dataset: Any, image: Pixels16) -> None:
        highest = (1 << self.bits) - 1
        stored = image if self.bits == 16 else np.rint(image * (highest / 65535)).astype(np.uint16)
        dark = self.photometric == "MONOCHROME1"
        dataset.Rows, dataset.Columns = image.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, self.photometric
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, self.bits, self.bits - 1
        dataset.PixelRepresentation = 0
        dataset.PresentationLUTShape = "INVERSE" if dark else "IDENTITY"
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
        if self.window:
            dataset.WindowCenter, dataset.WindowWidth = (highest + 1) / 2, highest + 1
        dataset.PixelData = (highest - stored if dark else stored).astype("<u2").tobytes()


def _uid(kind: str, pseudonym: str) -> Any:
    from pydicom.uid import generate_uid

    return generate_uid(entropy_srcs=["ovcf-bench", kind, str(pseudonym)])


def _code(value: str, scheme: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
