"""Images that a listing names: checked before anything is decoded, read one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ovcf_bench.api import EXAM_COLUMNS, DataError, Problem, Progress, silent
from ovcf_plugins.datasets.files import picture
from ovcf_plugins.datasets.files.picture import Pixels, UnreadableError
from ovcf_plugins.datasets.files.places import are_there

_READER_VERSION = 2  # raised whenever the pixels of a file may be read differently
_DICOM = (".dcm", ".dicom")
_DICOM_AT, _DICOM_MARK = 128, b"DICM"
SUFFIXES = (*picture.SUFFIXES, *_DICOM)
_TOLD_EVERY = 500
_ALLOWED = "Allowed: one grey image of 8 or 16 bits, floats from 0 to 1, or colour with equal channels."


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read. inverted : bone is dark in them; window : for DICOM without a window of its own."""

    colours: Literal["refuse", "luminance"] = "refuse"
    inverted: bool = False
    window: Literal["auto", "percentile", "full"] = "auto"

    def decode(self, path: Path) -> Pixels:
        """Return the pixels of a file, (H, W), bone bright. Raises UnreadableError."""
        if path.suffix.lower() in _DICOM or _is_dicom_without_suffix(path):
            from ovcf_plugins.datasets.dicom.pixels import read_radiograph

            pixels = read_radiograph(path, self.window)
        else:
            pixels = picture.decode(path, self.colours)
        return _inverted(pixels) if self.inverted else pixels

    def inspect(self, path: Path) -> None:
        """Look into a file without decoding it. Raises UnreadableError when it cannot be used."""
        if path.suffix.lower() in _DICOM:
            from ovcf_plugins.datasets.dicom.pixels import inspect_file

            inspect_file(path)
        else:
            picture.inspect(path)

    @property
    def words(self) -> str:
        """Everything that the pixels depend on besides the file."""
        return f"{_READER_VERSION} inverted={self.inverted} colours={self.colours} window={self.window}"


def _is_dicom_without_suffix(path: Path) -> bool:
    """Whether a file is DICOM by its content: archives give such files no suffix."""
    if path.suffix or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_DICOM_AT + len(_DICOM_MARK))[_DICOM_AT:] == _DICOM_MARK


def _inverted(pixels: Pixels) -> Pixels:
    highest = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    turned: Pixels = pixels.dtype.type(highest) - pixels
    return turned


class FileReader:
    """Reads the files behind rows of an exam table, whose `source` is "PLACE:PATH", below `root`.

    decode : returns the pixels of a file, or raises UnreadableError; words : everything that they depend on besides
    the file. Messages give places as the user finds them ("labels.csv, row 7"), never an identifier or a path.
    """

    def __init__(self, root: Path, decode: Callable[[Path], Pixels], words: str, allowed: str = _ALLOWED) -> None:
        self._root = root
        self._decode = decode
        self._words = words
        self._allowed = allowed

    def read(self, row: Mapping[str, Any]) -> Pixels:
        """Return the pixels of a row: (H, W), uint8, uint16, or float32 in [0, 1]; bone bright."""
        place, path = self._source(row)
        try:
            return self._decode(path)
        except UnreadableError as error:
            raise DataError(Problem(place, str(error), self._allowed)) from None

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return place, size and modification time of the file, and how it is read."""
        place, path = self._source(row)
        try:
            state = path.stat()
        except OSError:
            raise DataError(Problem(place, "the image file is not there")) from None
        # The whole path: files of two sites may agree in name, size and the time stamp of an archive.
        whole = os.path.abspath(path)  # noqa: PTH100  Path.resolve asks the system for every folder on the way
        return f"{whole} {state.st_size} {state.st_mtime_ns} {self._words}"

    def _source(self, row: Mapping[str, Any]) -> tuple[str, Path]:
        place, _, path = str(row["source"]).partition(":")
        return place, self._root / path


class ListedImages(FileReader):
    """A dataset whose exam table comes from `list_exams`.

    That table has `place` (where the listing names the image) and `path` (below the root) instead of `source`.
    """

    def __init__(
        self,
        list_exams: Callable[[Progress], pd.DataFrame],
        root: Path,
        reading: Reading,
        *,
        verify: Literal["header", "existence"] = "header",
    ) -> None:
        super().__init__(root, reading.decode, f"listed {reading.words}")
        self._list_exams = list_exams
        self._reading = reading
        self._verify = verify

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return the exam table; files that are missing or broken are marked as unusable."""
        table = self._list_exams(progress)
        reasons = why_unusable(self._root, table["path"], self._reading, self._verify, progress)
        unusable = reasons.where(reasons != "", table["unusable"]) if "unusable" in table else reasons
        kinds = [path[path.rfind(".") + 1 :] for path in table["path"].fillna("").tolist()]
        # The place travels with the path: an error while decoding can say where it is.
        table = table.assign(source=table["place"] + ":" + table["path"], unusable=unusable, tag_format=kinds)
        return table[[*EXAM_COLUMNS, *(name for name in table if name not in EXAM_COLUMNS and name != "path")]]


def why_unusable(
    root: Path,
    paths: pd.Series,
    reading: Reading,
    verify: Literal["header", "existence"] = "header",
    progress: Progress = silent,
) -> pd.Series:
    """Return, for each path below `root`, why the file cannot be used; "" for one that can, or for a missing path."""
    reasons = pd.Series("", index=paths.index, dtype=object)
    named = paths.dropna()
    known = named.str.lower().str.endswith(SUFFIXES)
    reasons[named.index[~known]] = "unknown kind of file"
    named = named[known]
    there = are_there(root, named.tolist())
    reasons[named.index[~there]] = "the image file is not there"
    if verify == "header":
        found = [
            _why(root / path, reading, number, int(there.sum()), progress)
            for number, path in enumerate(named[there], start=1)
        ]
        reasons[named.index[there]] = np.array(found, dtype=object)
    return reasons


def _why(path: Path, reading: Reading, number: int, of: int, progress: Progress) -> str:
    if number % _TOLD_EVERY == 0:
        progress("Looking into files", number, of)
    try:
        reading.inspect(path)
    except UnreadableError as error:
        return str(error)
    return ""
