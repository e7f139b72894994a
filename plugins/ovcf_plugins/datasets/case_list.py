"""Cases without images: for studies of scores that exist already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import DataError, DatasetPlugin, Params, Problem, Progress, hookimpl, is_reserved, one_of, silent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CARD = """\
Source: a CSV file of yours with one row per examination; further columns are covariates.
Licence and access: yours.
Meaning of the label: 1 where the reference standard found what is looked for, 0 where it did not.
Traps: there are no images, so neither copies of an image on both sides of a border nor shortcuts can be looked for.
"""


class CaseListParams(Params):
    """Parameters of the `case_list` dataset."""

    path: str = Field(description="The CSV file, relative to the study file.")
    patient: str = Field(default="patient_id", description="Column of the patient.")
    exam: str | None = Field(default=None, description="Column of the exam. Default: one exam per patient.")
    label: str = Field(default="label", description="Column of the label, 0 or 1.")
    views: tuple[str, ...] = Field(min_length=1, description="What every case has: views, or modalities.")
    site: str = Field(default="site", min_length=1, description="Name of the site.")


class CaseList:
    """The opened list."""

    def __init__(self, path: Path, params: CaseListParams) -> None:
        self.path, self.params = path, params

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return one row per case and view; there are no images behind them."""
        import pandas as pd

        params = self.params
        try:
            listed = pd.read_csv(self.path, dtype={params.patient: str, **({params.exam: str} if params.exam else {})})
        except (OSError, ValueError) as error:
            found = f"{self.path.name!r} cannot be read ({type(error).__name__})"
            raise DataError(Problem("case_list, path", found, "Paths are relative to the study file.")) from error
        for name in (params.patient, params.exam, params.label):
            if name is not None and name not in listed.columns:
                found = f"{self.path.name!r} has no column {name!r}"
                raise DataError(Problem("case_list", found, one_of(name, map(str, listed.columns))))
        taken = {params.patient, params.exam, params.label}
        covariates = [name for name in listed.columns if name not in taken and not is_reserved(str(name))]
        exam = listed[params.exam or params.patient]
        about = listed[covariates].assign(
            patient_id=listed[params.patient], exam_id=exam, label=listed[params.label], site=params.site, source=""
        )
        return pd.concat(
            [about.assign(view=view, image_id=exam + "-" + view) for view in params.views], ignore_index=True
        )

    def read(self, row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        """Raise DataError: there are no images."""
        raise DataError(Problem("case_list", "its cases have no images"))

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return nothing: there is nothing to be kept."""
        return ""


def open_case_list(params: CaseListParams, folder: Path) -> CaseList:
    """Return the opened dataset; a relative path starts at `folder`."""
    return CaseList(folder / params.path, params)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Offer the dataset `case_list`."""
    register(
        DatasetPlugin(
            name="case_list",
            params=CaseListParams,
            summary="Cases without images, listed in a CSV file: for scores that exist already",
            open=open_case_list,
            pixels=False,
            card=CARD,
        )
    )
