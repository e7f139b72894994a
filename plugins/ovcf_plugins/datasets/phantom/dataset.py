"""The phantom as a dataset: the exam table without rendering, one image at a time, and its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.api import Progress, silent
from ovcf_plugins.datasets.phantom.params import PhantomParams
from ovcf_plugins.datasets.phantom.patient import Patient, draw_patient
from ovcf_plugins.datasets.phantom.presets import VIEWS, preset_at
from ovcf_plugins.datasets.phantom.projection import Film
from ovcf_plugins.datasets.phantom.radiograph import locate_fractures, render
from ovcf_plugins.datasets.phantom.records import DELAY, FLAGS, draw_records
from ovcf_plugins.datasets.phantom.streams import Stream, generator

GENERATOR_VERSION = 1  # raised whenever pixels may change although no parameter did
UINT16_MAX = 65535


class PhantomDataset:
    """An opened phantom cohort. A patient is a function of parameters and index: order and process do not matter."""

    def __init__(self, params: PhantomParams) -> None:
        self._params = params
        self._preset = preset_at(params.preset, params.site)
        self._film = Film.of(params.field, params.height)
        self._records = draw_records(params)

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return two rows a patient, AP and lateral: EXAM_COLUMNS, then covariates. Nothing is rendered."""
        return pd.DataFrame([row for index in self._records.order for row in self._rows(int(index))])

    def read(self, row: Mapping[str, Any]) -> npt.NDArray[np.uint16]:
        """Return the radiograph of a row: (rows, columns) uint16, bone bright."""
        index, view = int(row["source"]), row["view"]
        rng = self._generator(index, Stream.AP if view == "ap" else Stream.LATERAL)
        picture = render(self.patient(index), view, self._preset, self._film, rng)
        pixels: npt.NDArray[np.uint16] = np.rint(picture * np.float32(UINT16_MAX)).astype(np.uint16)
        return pixels

    def lesions(self, row: Mapping[str, Any]) -> list[tuple[float, float, float, float]]:
        """Return a box around each visibly fractured body: left, top, right, bottom as shares of the image."""
        index, view = int(row["source"]), row["view"]
        rng = self._generator(index, Stream.AP if view == "ap" else Stream.LATERAL)
        return locate_fractures(self.patient(index), view, self._preset, self._film, rng)

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return everything that the pixels of a row depend on; the number of patients only decides its label."""
        params, index = self._params, int(row["source"])
        return (
            f"phantom {GENERATOR_VERSION} preset={params.preset} site={params.site} seed={params.seed} "
            f"height={params.height} field={params.field} label={self._records.labels[index]} "
            f"index={index} view={row['view']}"
        )

    def patient(self, index: int) -> Patient:
        """Return the patient behind the rows whose source is `index`."""
        rng = self._generator(index, Stream.ANATOMY)
        return draw_patient(rng, int(self._records.labels[index]), self._preset.case_mix, self._params.field)

    def _generator(self, index: int, stream: Stream) -> np.random.Generator:
        return generator(self._params.seed, self._params.site, index, stream)

    def _rows(self, index: int) -> list[dict[str, Any]]:
        patient, site = self.patient(index), self._params.site
        patient_id = f"{site}-{index:06d}"
        exam = {"patient_id": patient_id, "exam_id": f"{patient_id}-1"}
        covariates = {
            "age": round(patient.age_years, 1),
            "sex": patient.sex,
            "grade": int(patient.grades.max()),
            "levels": " ".join(patient.fractured_levels),
            DELAY: int(self._records.days_to_mri[index]),
            **{flag: int(self._records.broken_rules[index] == flag) for flag in FLAGS},
        }
        return [
            exam
            | {"image_id": f"{patient_id}-1-{view}", "view": view, "label": patient.label}
            | {"site": site, "source": str(index)}
            | covariates
            for view in VIEWS
        ]
