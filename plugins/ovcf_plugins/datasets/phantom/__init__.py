"""The phantom: paired AP and lateral radiographs of synthetic thoracolumbar spines, as a dataset plugin.

Nothing to download and no patient: every image is computed from its seed by analytic Beer-Lambert projection.
This module needs no numpy; the renderer is imported when a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import DatasetPlugin, Params, hookimpl

if TYPE_CHECKING:
    from ovcf_plugins.datasets.phantom.dataset import PhantomDataset

CARD = """\
Source: computed by ovcf-bench, no patient was involved. Vertebral dimensions follow the trends of Panjabi 1992
and Zhou 2000; deformities follow Genant 1993 (height loss 20-25, 25-40 and 40-60 %).
Licence and access: as ovcf-bench itself; nothing is downloaded.
Content: one exam of two images, AP and lateral, of the same spine (T10-L5; the coned field shows T11-L3).
Meaning of the label: 1 = fresh osteoporotic vertebral compression fracture, as if MRI had decided. A few fractures
are occult (no deformity) and a few controls carry an old deformity: no reader can reach an AUROC of 1.
Covariates: age, sex, grade (highest visible Genant grade), levels (fractured ones), days_to_mri, refracture,
previous_surgery, severe_scoliosis, unclear_history. `ineligible` further patients break exactly one eligibility
rule each, in the proportions of Kim 2024.
Presets: paper-like (AP harder than lateral, as published), equal-views (both alike), null (the label is
independent of the image: AUROC about .5), shortcut (a burned-in marker tells the label at site A only).
Site B: another X-ray system and a milder case mix, as an external test set.
Traps: tuned so that small networks reach the published AUROCs; a result on the phantom says that the method
works, nothing about patients.
"""


class PhantomParams(Params):
    """Parameters of the `phantom` dataset."""

    patients: int = Field(ge=2, description="Eligible patients, each with one AP and one lateral image.")
    positives: int | None = Field(
        default=None, ge=0, description="Eligible patients with a fracture; half of them when not given."
    )
    ineligible: int = Field(default=0, ge=0, description="Further patients who each break one eligibility rule.")
    preset: Literal["paper-like", "equal-views", "null", "shortcut"] = Field(
        default="paper-like", description="How hard the task is, and what the label depends on."
    )
    site: Literal["A", "B"] = Field(default="A", description="X-ray system and case mix; B is the external hospital.")
    seed: int = Field(default=1, ge=0, description="Everything random follows from it.")
    height: int = Field(
        default=320, ge=64, le=2048, multiple_of=32, description="Rows; columns are 3/5 (coned) or 5/8 (full) of them."
    )
    field: Literal["coned", "full"] = Field(
        default="coned", description="coned: T11-L3 fill the frame; full: the whole film, fractures T10-L5."
    )

    @model_validator(mode="after")
    def _positives_among_patients(self) -> Self:
        if self.positives is not None and self.positives > self.patients:
            raise ValueError(f"positives is {self.positives}, but there are {self.patients} patients")
        return self

    @property
    def n_positive(self) -> int:
        """Number of eligible patients with a fracture."""
        return self.patients // 2 if self.positives is None else self.positives


def open_phantom(params: PhantomParams, folder: Path) -> PhantomDataset:
    """Return the opened dataset; `folder` is not read."""
    from ovcf_plugins.datasets.phantom.dataset import PhantomDataset

    return PhantomDataset(params)


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce the phantom."""
    register(
        DatasetPlugin(
            name="phantom",
            params=PhantomParams,
            summary="Paired AP and lateral radiographs of synthetic spines (physics-based, nothing to download)",
            open=open_phantom,
            synthetic=True,
            card=CARD,
        )
    )
