"""What the header of a DICOM file says, and whether the image behind it can be used; pixels are not touched."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_TEXTS = (
    "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "AccessionNumber",
    "Modality", "PhotometricInterpretation", "PresentationIntentType", "PresentationLUTShape", "ViewPosition",
    "SeriesDescription", "ProtocolName", "StudyDescription", "Manufacturer", "ManufacturerModelName", "DetectorType",
    "PatientSex", "PatientAge", "BurnedInAnnotation",
)  # fmt: skip
_NUMBERS = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation", "KVP",
)  # fmt: skip
_TAGS = [*_TEXTS, *_NUMBERS, "ViewCodeSequence", "PatientOrientation", "ImagerPixelSpacing", "PixelSpacing"]

MOST_PIXELS = 150_000_000  # rows x columns x frames; a stitched long-leg image has some 50 million
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_GREY = ("MONOCHROME1", "MONOCHROME2")
_BOTH_BYTES = {8: 1, 16: 2}
_END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"  # sequence delimitation item of encapsulated pixels, little endian
_TAIL = 4096  # trailing padding may follow it

UNREADABLE = "the file cannot be read"
EMPTY, NO_DICOM = "the file is empty", "the file is no DICOM, or its header is broken"
CUT_SHORT = "the image is cut short"


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts of one file as plain values, with `problem` where the file itself is broken.

    Messages of pydicom are not passed on: they may hold values of tags.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _facts(path)
    except OSError:
        return {"problem": UNREADABLE}
    except Exception:  # noqa: BLE001  one damaged byte can raise anything; the other files go on
        return {"problem": NO_DICOM}


def _facts(path: Path) -> dict[str, Any]:
    import pydicom

    size = path.stat().st_size
    if not size:
        return {"problem": EMPTY}
    with path.open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_TAGS))
        facts = _plain(header)
        start = file.tell()
    if not problem_of(facts) and (problem := _cut_short(path, facts, start, size)):
        return {**facts, "problem": problem}
    return facts


def _plain(header: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {name: str(header.get(name)) for name in _TEXTS if header.get(name) not in (None, "")}
    for name in _NUMBERS:
        value = header.get(name)
        if value not in (None, ""):
            facts[name] = float(value) if name == "KVP" else int(value)
    facts["NumberOfFrames"] = max(1, facts.get("NumberOfFrames", 1))  # some devices write 0
    codes = header.get("ViewCodeSequence") or []
    if codes:
        facts["ViewCode"] = str(codes[0].get("CodeValue", ""))
    for name in ("PatientOrientation", "ImagerPixelSpacing", "PixelSpacing"):
        values = header.get(name)
        if values:
            facts[name] = "\\".join(str(each) for each in values)
    facts["TransferSyntaxUID"] = str(header.file_meta.get("TransferSyntaxUID", ""))
    return facts


def age_years(facts: Mapping[str, Any]) -> float | None:
    """Return the age that a header states in years; None where it is missing, or in days, weeks or months."""
    age = str(facts.get("PatientAge", ""))
    return float(age[:-1]) if age[-1:] == "Y" and age[:-1].isdigit() else None


def problem_of(facts: Mapping[str, Any]) -> str:
    """Return why a file with these facts is no grey radiograph that can be decoded here; "" when it is."""
    if "problem" in facts:
        return str(facts["problem"])
    rows, columns, frames = facts.get("Rows", 0), facts.get("Columns", 0), facts.get("NumberOfFrames", 1)
    if not rows or not columns:
        return "the file holds no image"
    if rows * columns * frames > MOST_PIXELS:
        return f"the image claims {columns} x {rows} pixels, more than a radiograph can have"
    colour = facts.get("PhotometricInterpretation", "")
    if facts.get("SamplesPerPixel", 1) != 1 or colour not in _GREY:
        return f"the image is not grey ({colour or 'no photometric interpretation'})"
    if str(facts.get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURE):
        return "it is a secondary capture"
    if facts.get("BitsAllocated") not in _BOTH_BYTES:
        return f"the image has {facts.get('BitsAllocated')} bits allocated (allowed: 8 and 16)"
    if not 0 < facts.get("BitsStored", 0) <= facts["BitsAllocated"]:
        return f"the image claims {facts.get('BitsStored')} bits stored of {facts['BitsAllocated']}"
    return undecodable(facts["TransferSyntaxUID"])


@lru_cache
def undecodable(transfer_syntax: str) -> str:
    """Return why a transfer syntax cannot be decoded here, with its UID and what to install; "" if it can."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    syntax = UID(transfer_syntax)
    if not transfer_syntax:
        return "the file names no transfer syntax"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        return f"the transfer syntax {transfer_syntax} ({syntax.name}) is not one that is read"
    if decoder.is_available:
        return ""
    return f"the transfer syntax {transfer_syntax} ({syntax.name}) needs a codec: pip install 'ovcf-bench[dicom]'"


def _cut_short(path: Path, facts: Mapping[str, Any], start: int, size: int) -> str:
    """Whether the file ends before its pixels do, as far as that can be told without decoding."""
    from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

    syntax = UID(facts["TransferSyntaxUID"])
    if syntax == DeflatedExplicitVRLittleEndian:
        return ""
    if not syntax.is_private and syntax.is_transfer_syntax and syntax.is_compressed:
        with path.open("rb") as file:
            file.seek(max(0, size - _TAIL))
            return "" if _END in file.read() else CUT_SHORT
    pixels = facts["Rows"] * facts["Columns"] * facts.get("NumberOfFrames", 1) * _BOTH_BYTES[facts["BitsAllocated"]]
    return CUT_SHORT if size - start < pixels else ""
