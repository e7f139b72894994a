"""Draws one patient: reference standard, age, sex, bone density and deformed levels, then the spine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.phantom.anatomy import CONED, LEVELS, N_LEVELS, Array, HeightFactors, Spine, build_spine
from ovcf_plugins.datasets.phantom.presets import CaseMix

FRACTURE_WEIGHT = np.array([0.05, 0.09, 0.22, 0.25, 0.14, 0.10, 0.09, 0.06])  # by level: most at T12 and L1
GENANT_LOSS = ((0.20, 0.25), (0.25, 0.40), (0.40, 0.60))  # height loss of grades 1, 2, 3 (Genant 1993)
SECOND_LEVEL, THIRD_LEVEL = 0.27, 0.10  # chances of further fractured levels
WEDGE, BICONCAVE, CRUSH = range(3)


@dataclass(frozen=True, slots=True)
class Patient:
    """One synthetic patient. `grades` holds the visible Genant grade of each level, 0 where there is none."""

    label: int
    age_years: float
    sex: Literal["F", "M"]
    grades: npt.NDArray[np.int64]
    spine: Spine

    @property
    def fractured_levels(self) -> tuple[str, ...]:
        """Names of the levels with a visible fracture, cranial first."""
        return tuple(level for level, grade in zip(LEVELS, self.grades, strict=True) if grade)


def draw_patient(rng: np.random.Generator, label: int, mix: CaseMix, field: str) -> Patient:
    """Return the patient that `rng` draws. In the "coned" field only levels that it shows are fractured."""
    fractured = bool(label) if mix.anatomy_follows_label else rng.random() < 0.5
    female = rng.random() < (0.78 if fractured else 0.72)
    age = float(np.clip(rng.normal(74.5 if fractured else 73, 8), 50, 96))
    size = (0.94 if female else 1.03) * rng.normal(1, 0.04)
    t_score = rng.normal(-1.9 - 0.03 * (age - 74) - 0.3 * female, 0.8)
    factors, grades = _draw_heights(rng, fractured, mix, _level_weights(field))
    spine = build_spine(rng, size, t_score, factors, mix.tilt_sd_deg, mix.impaction)
    return Patient(label, age, "F" if female else "M", grades, spine)


def _level_weights(field: str) -> Array:
    if field == "full":
        return FRACTURE_WEIGHT
    weights = np.zeros(N_LEVELS)
    weights[CONED] = FRACTURE_WEIGHT[CONED] / FRACTURE_WEIGHT[CONED].sum()
    return weights


def _draw_heights(
    rng: np.random.Generator, fractured: bool, mix: CaseMix, weights: Array
) -> tuple[HeightFactors, npt.NDArray[np.int64]]:
    factors = HeightFactors(
        anterior=1 - np.abs(rng.normal(0, mix.anterior_sd, N_LEVELS)),
        middle=1 - np.abs(rng.normal(0, mix.middle_sd, N_LEVELS)),
        posterior=np.ones(N_LEVELS),
    )
    grades = np.zeros(N_LEVELS, dtype=np.int64)
    if fractured and rng.random() >= mix.occult:
        n = 1 + int(rng.random() < SECOND_LEVEL) + int(rng.random() < THIRD_LEVEL)
        for level in rng.choice(N_LEVELS, n, replace=False, p=weights):
            grades[level] = _fracture(rng, factors, level, mix)
    # Old deformities are what readers take for fresh fractures; without them specificity would be free.
    elif not fractured and rng.random() < mix.mimic:
        level = rng.choice(N_LEVELS, p=weights)
        _deform(factors, level, WEDGE, rng.uniform(*mix.mimic_loss), rng.random())
    return factors, grades


def _fracture(rng: np.random.Generator, factors: HeightFactors, level: int, mix: CaseMix) -> int:
    grade = int(rng.choice(3, p=mix.genant_grades))
    loss = rng.uniform(*GENANT_LOSS[grade])
    _deform(factors, level, int(rng.choice(3, p=mix.deformities)), loss, rng.random())
    return grade + 1


def _deform(factors: HeightFactors, level: int, shape: int, loss: float, spread: float) -> None:
    """Take the share `loss` off the height that names the shape; `spread` in [0, 1] varies the rest."""
    if shape == WEDGE:
        anterior, middle, posterior = loss, 0.55 * loss, 0.06 * spread
    elif shape == BICONCAVE:
        anterior, middle, posterior = 0.25 * loss * spread, loss, 0.0
    else:
        anterior, middle, posterior = loss, loss, 0.8 * loss
    factors.anterior[level] *= 1 - anterior
    factors.middle[level] *= 1 - middle
    factors.posterior[level] *= 1 - posterior
