"""What datasets of files share: the parameters of a folder, how it is opened, and how one file is read alone.

This module needs no pandas; it is imported by plugins before any study is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field

from ovcf_bench.api import DataError, Params, Problem, Progress

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ovcf_plugins.datasets.files.listed import ListedImages


class FolderParams(Params):
    """Where the folder is, and how closely its files are looked at beforehand."""

    root: str = Field(description="The folder of the data, relative to the study file. ${VARIABLE} is replaced.")
    verify: Literal["header", "existence"] = Field(
        default="header", description="Look into every file beforehand, or (quick for a million) at its name only."
    )


SomeParams = TypeVar("SomeParams", bound=FolderParams)


def open_folder(
    name: str,
    list_exams: Callable[[Path, SomeParams, Progress], pd.DataFrame],
    params: SomeParams,
    folder: Path,
    **reading: Any,
) -> ListedImages:
    """Return the dataset `name` below `params.root`; `reading` says how its files are read.

    Raises DataError when the folder is not there.
    """
    from ovcf_plugins.datasets.files.listed import ListedImages, Reading
    from ovcf_plugins.datasets.files.places import root_folder

    root = root_folder(params.root, folder, f"{name}, params.root")
    return ListedImages(
        lambda progress: list_exams(root, params, progress), root, Reading(**reading), verify=params.verify
    )


def read_image(path: Path, **reading: Any) -> np.ndarray[Any, Any]:
    """Return the pixels of one file, (H, W), bone bright, as a dataset with that `reading` would. Raises DataError."""
    from ovcf_plugins.datasets.files.listed import Reading

    return read_with(Reading(**reading).decode, path)


def read_with(decode: Callable[[Path], np.ndarray[Any, Any]], path: Path) -> np.ndarray[Any, Any]:
    """Return what `decode` makes of one file. Raises DataError when it cannot be used."""
    from ovcf_plugins.datasets.files.picture import UnreadableError

    try:
        return decode(path)
    except UnreadableError as error:
        raise DataError(Problem("image", str(error))) from error


def read_as_stored(params: object, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one file of a dataset whose parameters do not say how files are read."""
    return read_image(path)
