"""The phantom: paired AP and lateral radiographs of synthetic thoracolumbar spines, as a dataset plugin.

Nothing to download and no patient: every image is computed from its seed by analytic Beer-Lambert projection.
This module needs no numpy; the renderer is imported when a study opens the dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ovcf_bench.api import DatasetPlugin, hookimpl
from ovcf_plugins.datasets.phantom.params import PhantomParams

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
