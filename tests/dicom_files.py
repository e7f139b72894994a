"""DICOM files as tests need them, written with pydicom alone."""

from datetime import date

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

GRADIENT = (np.arange(48 * 32, dtype=np.uint16).reshape(48, 32) * 40).astype(np.uint16)


def header(**tags):
    """A DX header without pixels; tags by keyword replace or add."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = Dataset()
    made.file_meta = meta
    made.SOPClassUID = meta.MediaStorageSOPClassUID
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.PatientID, made.PatientName = "P1", "Planted^Name"
    made.StudyDate = date(2021, 3, 4).strftime("%Y%m%d")
    made.Modality, made.ViewPosition = "DX", "AP"
    made.PresentationIntentType, made.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
    for name, value in tags.items():
        setattr(made, name, value)
    return made


def radiograph(pixels=GRADIENT, bits=16, photometric="MONOCHROME2", syntax=None, signed=False, **tags):
    """A DX file of these stored values."""
    made = header(**tags)
    if photometric == "MONOCHROME1" and "PresentationLUTShape" not in tags:
        made.PresentationLUTShape = "INVERSE"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, photometric
    made.BitsAllocated = 8 if pixels.dtype.itemsize == 1 else 16
    made.BitsStored, made.HighBit, made.PixelRepresentation = bits, bits - 1, int(signed)
    made.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    if syntax is not None:
        made.compress(syntax, generate_instance_uid=False)
    return made


def save(path, dataset):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path
