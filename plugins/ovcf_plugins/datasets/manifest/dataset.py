"""The manifest as a dataset: its exam table, one image at a time, and its fingerprint."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.api import DataError, Problem
from ovcf_plugins.datasets.manifest import ManifestParams
from ovcf_plugins.datasets.manifest.listing import read_listing
from ovcf_plugins.datasets.manifest.picture import Pixels, UnreadableError, decode
from ovcf_plugins.datasets.manifest.table import RowProblems, exam_table

_READER_VERSION = 1  # raised whenever the pixels of a file may be read differently
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ManifestDataset:
    """An opened manifest. Messages give row numbers as a spreadsheet shows them, never an identifier or a file."""

    def __init__(self, params: ManifestParams, folder: Path) -> None:
        self._params = params
        self._file = folder / _with_variables(params.path, "path")
        self._root = folder / _with_variables(params.root, "root") if params.root else self._file.parent

    def exams(self) -> pd.DataFrame:
        """Return one row per image in the order of the file: EXAM_COLUMNS, then its other columns as covariates.

        Raises DataError with everything that is wrong in the file, and with files that are missing or broken.
        """
        texts, covariates = read_listing(self._file, self._params)
        if problems := RowProblems(self._file.name, texts, self._params, self._root).all():
            raise DataError(*problems)
        return exam_table(texts, covariates, self._params)

    def read(self, row: Mapping[str, Any]) -> Pixels:
        """Return the pixels of a row: (H, W), uint8, uint16, or float32 in [0, 1]; bone bright."""
        number, path = self._source(row)
        try:
            pixels = decode(path, self._params.grey)
        except UnreadableError as error:
            raise DataError(Problem(f"{self._file.name}, row {number}", str(error), _ALLOWED)) from None
        return _inverted(pixels) if self._params.inverted else pixels

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return place, size and modification time of the file, and how it is read."""
        number, path = self._source(row)
        try:
            state = path.stat()
        except OSError:
            raise DataError(Problem(f"{self._file.name}, row {number}", "the image file is not there")) from None
        # The whole path: files of two sites may agree in name, size and the time stamp of an archive.
        place = os.path.abspath(path)  # noqa: PTH100  Path.resolve asks the system for every folder on the way
        reading = f"inverted={self._params.inverted} grey={self._params.grey}"
        return f"manifest {_READER_VERSION} {place} {state.st_size} {state.st_mtime_ns} {reading}"

    def _source(self, row: Mapping[str, Any]) -> tuple[str, Path]:
        number, _, path = str(row["source"]).partition(":")
        return number, self._root / path


_ALLOWED = "Allowed: one grey image of 8 or 16 bits, floats from 0 to 1, or colour with equal channels."


def _with_variables(path: str, name: str) -> str:
    unset = [variable for variable in _VARIABLE.findall(path) if variable not in os.environ]
    if unset:
        allowed = f"Set it before the start: export {unset[0]}=/folder"
        raise DataError(
            *(Problem(f"manifest, params.{name}", f"the variable {each} is not set", allowed) for each in unset)
        )
    return _VARIABLE.sub(lambda found: os.environ[found[1]], path)


def _inverted(pixels: Pixels) -> Pixels:
    highest = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    turned: Pixels = pixels.dtype.type(highest) - pixels
    return turned
