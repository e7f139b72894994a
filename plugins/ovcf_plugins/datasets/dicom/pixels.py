"""The grey values of a radiograph, in the order of the standard: decode, modality, values of interest, presentation.

Source: DICOM PS3.3, C.7.6.3 (image pixel), C.11.1 (modality LUT), C.11.2 (VOI LUT), C.11.6 (presentation LUT).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.dicom.headers import CUT_SHORT, problem_of, read_facts
from ovcf_plugins.datasets.dicom.shutter import image_mask
from ovcf_plugins.datasets.files.picture import UnreadableError

Window = Literal["auto", "percentile", "full"]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

PIXELS_VERSION = 1  # raised whenever the pixels of a file may be read differently
_PERCENTILES = (0.5, 99.5)
_P_VALUES = ("IDENTITY", "INVERSE")  # PresentationLUTShape: what is stored are P-values


def inspect_file(path: Path, frame: int | None = None) -> None:
    """Look at the header of a file. Raises UnreadableError when its image cannot be used."""
    if not path.exists():
        raise UnreadableError("the image file is not there")
    facts = read_facts(path)
    if problem := problem_of(facts) or several_frames(facts, frame):
        raise UnreadableError(problem)


def several_frames(facts: Mapping[str, Any], frame: int | None) -> str:
    """Return why a file of several frames cannot be used, unless `frame` (from 1) says which one is meant."""
    frames = facts.get("NumberOfFrames", 1)
    if frames == 1 or (frame is not None and frame <= frames):
        return ""
    return f"the file holds {frames} frames"


def read_radiograph(path: Path, window: Window = "auto", frame: int | None = None) -> Floats:
    """Return the image of a file: (H, W) float32 in [0, 1], bone bright.

    window : what happens to a file without VOI LUT and window. auto: its full range where the header says that it
    holds P-values, else percentiles 0.5 to 99.5 without padding; percentile and full: always so, for such files.
    frame : which one of several, from 1. Raises UnreadableError.
    """
    import pydicom

    inspect_file(path, frame)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they may hold values of tags
            dataset = pydicom.dcmread(path)
            stored = _stored(dataset, frame)
            return _presented(dataset, stored, window)
    except UnreadableError:
        raise
    except Exception:  # noqa: BLE001  decoders raise anything, with names of files in the text
        raise UnreadableError(f"{CUT_SHORT} or broken: its pixels cannot be decoded") from None


def _stored(dataset: Any, frame: int | None) -> npt.NDArray[np.int32]:
    """Return the stored values, (H, W): overlay bits are masked, the sign is that of the stored bits."""
    from pydicom.pixels.utils import pixel_array

    for name, usual in (("PixelRepresentation", 0), ("SamplesPerPixel", 1)):
        if dataset.get(name) is None:  # required, and missing in some exports
            setattr(dataset, name, usual)
    # Own masking: pydicom's takes the high bit for the highest one stored, whatever the header says.
    several = int(dataset.get("NumberOfFrames") or 1) > 1
    index = (frame or 1) - 1 if several else 0
    array = pixel_array(dataset, index=index, raw=True, correct_unused_bits=False)
    stored, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation) == 1
    high = int(dataset.get("HighBit", stored - 1))
    whole = array.astype(np.int64) >> max(0, high + 1 - stored)
    values = whole & ((1 << stored) - 1)
    if signed:
        values = values - ((values >> (stored - 1)) << stored)
    result: npt.NDArray[np.int32] = values.astype(np.int32)
    return result


def _presented(dataset: Any, stored: npt.NDArray[np.int32], window: Window) -> Floats:
    """Return the stored values as they are meant to be seen, 0 black and 1 white, bone bright."""
    image = image_mask(dataset, stored)
    values, lowest, highest = _modality(dataset, stored)
    found = _first_window(dataset)
    if dataset.get("VOILUTSequence"):
        grey = _voi_lut(dataset, values)
    elif found is not None:
        grey = _windowed(values, *found)
    elif window == "full" or (window == "auto" and dataset.get("PresentationLUTShape") in _P_VALUES):
        grey = (values - lowest) / max(highest - lowest, 1e-12)
    else:
        seen = values[image] if image.any() else values
        low, high = np.percentile(seen, _PERCENTILES)
        grey = (values - low) / max(high - low, 1e-12)
    grey = np.clip(grey, 0.0, 1.0)
    if is_inverted(dataset):
        grey = 1.0 - grey
    grey = np.where(image, grey, 0.0)
    result: Floats = np.ascontiguousarray(grey, dtype=np.float32)
    return result


def is_inverted(facts: Any) -> bool:
    """Whether low values are bright. The photometric interpretation and INVERSE say the same thing: turn once."""
    shape = facts.get("PresentationLUTShape")
    return bool(facts.get("PhotometricInterpretation") == "MONOCHROME1" or shape == "INVERSE")


def _modality(dataset: Any, stored: npt.NDArray[np.int32]) -> tuple[Doubles, float, float]:
    """Return the values after modality LUT or rescale, and the range that they can take."""
    if dataset.get("ModalityLUTSequence"):
        found, highest = _looked_up(dataset.ModalityLUTSequence[0], stored, dataset)
        return found, 0.0, highest
    bits, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation) == 1
    given = dataset.get("RescaleSlope")
    slope, intercept = 1.0 if given in (None, "") else float(given), float(dataset.get("RescaleIntercept") or 0)
    if not (np.isfinite(slope) and np.isfinite(intercept) and slope):
        raise UnreadableError("its rescale slope or intercept is 0 or no number")
    ends = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    low, high = sorted(end * slope + intercept for end in ends)
    return stored.astype(np.float64) * slope + intercept, low, high


def _looked_up(table: Any, values: npt.NDArray[Any], dataset: Any) -> tuple[Doubles, float]:
    """Return values through a look-up table, and the highest that it can give. Source: PS3.3, C.11.1.1.1, C.11.2.1.1.

    Own code: pydicom 3.0 wraps values far above the first one mapped when the table has entries of 8 bits.
    """
    entries, first, bits = (int(each) for each in table.LUTDescriptor)
    entries = entries or 65536
    data = table.LUTData
    if isinstance(data, bytes):
        wide = len(data) >= 2 * entries
        order: Literal["<", ">"] = "<" if dataset.original_encoding[1] is not False else ">"
        data = np.frombuffer(data, np.dtype(np.uint16).newbyteorder(order) if wide else np.uint8)
    signed = int(dataset.PixelRepresentation) == 1 and first > 32767  # a signed value written as unsigned
    start = first - 65536 if signed else first
    places = np.clip(np.rint(values).astype(np.int64) - start, 0, entries - 1)
    return np.asarray(data, dtype=np.float64)[places], float((1 << bits) - 1)


def _voi_lut(dataset: Any, values: Doubles) -> Doubles:
    found, highest = _looked_up(dataset.VOILUTSequence[0], values, dataset)
    return found / highest


def _first_window(dataset: Any) -> tuple[float, float, str] | None:
    """Return centre, width and function of the first window; None without one, or when it has no width."""
    center, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if center in (None, "") or width in (None, ""):
        return None
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    span = _first_number(width)
    least = 1.0 if function == "LINEAR" else 0.0  # PS3.3, C.11.2.1.2
    return (_first_number(center), span, function) if span > 0 and span >= least else None


def _first_number(value: Any) -> float:
    """Return the first of several numbers; some devices write "2048," for one."""
    first = value if isinstance(value, str) or not hasattr(value, "__getitem__") else value[0]
    return float(str(first).strip(" ,"))


def _windowed(values: Doubles, center: float, width: float, function: str) -> Doubles:
    """Return values in [0, 1]. Source: PS3.3, C.11.2.1.2.1 (LINEAR), C.11.2.1.3 (SIGMOID, LINEAR_EXACT)."""
    if function == "SIGMOID":
        found: Doubles = 1 / (1 + np.exp(-4 * (values - center) / width))
        return found
    if function not in ("LINEAR", "LINEAR_EXACT"):
        raise UnreadableError("the file has a VOI LUT function that the standard does not know")
    exact = function == "LINEAR_EXACT"
    middle, span = (center, width) if exact else (center - 0.5, width - 1)
    if span <= 0:
        return (values > middle).astype(np.float64)
    return np.clip((values - middle) / span + 0.5, 0.0, 1.0)
