"""What datasets share that lie in one folder as they were published: their parameters, and how they are opened.

This module needs no pandas; it is imported by plugins before any study is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field

from ovcf_bench.api import Params, Progress

if TYPE_CHECKING:
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
