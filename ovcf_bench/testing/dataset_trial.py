"""A dataset that is being tried: opened, listed and read as a study would."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import check_exams, list_exams, open_dataset, separate
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin, silent
from ovcf_bench.testing.checks import ContractError, NotApplicable

Row = Mapping[str, Any]
_EXAMS = 6  # whose images are read
_ROWS_AT_ONCE = 10_000  # a million rows as mappings would fill the memory


@dataclass
class DatasetTrial:
    """A dataset that is being tried; what is slow is done once. No exception's own words are told."""

    plugin: DatasetPlugin
    params: Any
    folder: Path

    @property
    def name(self) -> str:
        """The plugin as messages name it."""
        return f"dataset {self.plugin.name!r}"

    def open(self) -> Dataset:
        """Return the dataset, opened anew."""
        return open_dataset(self.plugin, self.params, self.folder)

    def table_of(self, dataset: Dataset) -> pd.DataFrame:
        """Return the table as an opened dataset lists it."""
        return list_exams(self.plugin, dataset, silent)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, opened once."""
        return self.open()

    @cached_property
    def listed(self) -> pd.DataFrame:
        """The table with the images that cannot be used."""
        return self.table_of(self.dataset)

    @cached_property
    def exams(self) -> pd.DataFrame:
        """The table of what can be used, as the core takes it."""
        usable, _ = separate(self.listed, self.name)
        return check_exams(usable, self.name)

    @cached_property
    def sample(self) -> list[dict[str, Any]]:
        """One image of every view of a few exams, spread over the table, as `read` takes them."""
        at = np.unique(np.linspace(0, len(self.exams) - 1, _EXAMS).astype(int))
        chosen = self.exams["exam_id"].isin(self.exams["exam_id"].iloc[at])
        return rows_of(self.exams[chosen].drop_duplicates(["exam_id", "view"]))

    @cached_property
    def digests(self) -> list[str]:
        """The digests of the sample's images."""
        return [digest_of(self.read(row)) for row in self.sample]

    def rows(self) -> Iterator[Row]:
        """Yield every row of `exams`, as `read` and `fingerprint` take it."""
        for start in range(0, len(self.exams), _ROWS_AT_ONCE):
            yield from rows_of(self.exams.iloc[start : start + _ROWS_AT_ONCE])

    def needs_pixels(self) -> None:
        """Raise NotApplicable for cases without images."""
        if not self.plugin.pixels:
            raise NotApplicable("its cases have no images")

    def read(self, row: Row) -> np.ndarray[Any, Any]:
        """Return the pixels of a row. Raises ContractError for what is no numpy array."""
        with calling(self.name, self.dataset.read, told=False):
            image: Any = self.dataset.read(row)
        if not isinstance(image, np.ndarray):
            kind = f"{type(image).__module__}.{type(image).__name__}".removeprefix("builtins.")
            fix = "Return a numpy array: np.asarray(...) of a PIL image or a list, .numpy() of a torch tensor."
            raise ContractError(f"`read` returns {kind}", fix)
        return image

    def fingerprint(self, row: Row, dataset: Dataset | None = None) -> str:
        """Return the fingerprint of a row, of this or of another opening. Raises ContractError for what is no text."""
        opened = dataset or self.dataset
        with calling(self.name, opened.fingerprint, told=False):
            made: Any = opened.fingerprint(row)
        if not isinstance(made, str) or not made:
            found = "an empty text" if made == "" else type(made).__name__  # the value may name a patient
            fix = "Return a text: for files path, size and modification time."
            raise ContractError(f"`fingerprint` returns {found}", fix)
        return made


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of an exam table as `read` takes them."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def digest_of(image: np.ndarray[Any, Any]) -> str:
    """Return a digest that is the same for the same type, shape and bytes."""
    head = f"{image.dtype.str}{image.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).hexdigest()
