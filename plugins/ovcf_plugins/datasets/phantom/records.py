"""What the hospital's records say about a patient besides the images: reference standard and eligibility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.phantom.params import PhantomParams
from ovcf_plugins.datasets.phantom.streams import Stream, generator

Integers = npt.NDArray[np.int64]

DELAY = "days_to_mri"
FLAGS = ("refracture", "previous_surgery", "severe_scoliosis", "unclear_history")
LAST_ELIGIBLE_DAY, LAST_DAY = 7, 90
# Patients whom Kim 2024 excluded, by label and rule; rules that took fewer than ten are left out.
EXCLUDED = {
    (1, DELAY): 832,
    (1, "refracture"): 477,
    (1, "previous_surgery"): 268,
    (1, "severe_scoliosis"): 17,
    (0, DELAY): 2715,
    (0, "previous_surgery"): 378,
    (0, "severe_scoliosis"): 44,
    (0, "unclear_history"): 63,
}


@dataclass(frozen=True, slots=True)
class Records:
    """Labels, delays and the broken rule ("" for none) by patient index, eligible ones first; `order` of listing."""

    labels: Integers
    days_to_mri: Integers
    broken_rules: tuple[str, ...]
    order: Integers


def draw_records(params: PhantomParams) -> Records:
    """Return the records of a cohort. More ineligible patients change nothing about the eligible ones."""
    labels = np.zeros(params.patients, dtype=np.int64)
    labels[: params.n_positive] = 1
    # A stream for each quantity, as a hospital's tables are: one more of them changes nothing in the others.
    labels = _cohort(params, Stream.LABELS).permutation(labels)
    days = _cohort(params, Stream.MRI_DELAY).integers(0, LAST_ELIGIBLE_DAY + 1, params.patients)
    more_labels, more_days, broken = _draw_ineligible(_cohort(params, Stream.INELIGIBLE), params.ineligible)
    return Records(
        labels=np.concatenate([labels, more_labels]),
        days_to_mri=np.concatenate([days, more_days]),
        broken_rules=("",) * params.patients + broken,
        order=_interleave(_cohort(params, Stream.ORDER), params.patients, params.ineligible),
    )


def _cohort(params: PhantomParams, stream: Stream) -> np.random.Generator:
    return generator(params.seed, params.site, 0, stream)


def _draw_ineligible(rng: np.random.Generator, n: int) -> tuple[Integers, Integers, tuple[str, ...]]:
    weights = np.array(list(EXCLUDED.values()))
    drawn = rng.choice(len(weights), n, p=weights / weights.sum())
    labels, rules = zip(*EXCLUDED, strict=True)
    broken = tuple(rules[kind] for kind in drawn)
    late = np.array([rule == DELAY for rule in broken], dtype=bool)
    early_days = rng.integers(0, LAST_ELIGIBLE_DAY + 1, n)
    # Drawn for all and used for some: how many numbers are drawn must not depend on who is late.
    late_days = rng.integers(LAST_ELIGIBLE_DAY + 1, LAST_DAY + 1, n)
    return np.array(labels)[drawn], np.where(late, late_days, early_days), broken


def _interleave(rng: np.random.Generator, patients: int, ineligible: int) -> Integers:
    """Return all indices: eligible ones in ascending order, the others at places drawn among them."""
    order = np.arange(patients + ineligible)
    taken = np.zeros(len(order), dtype=bool)
    taken[rng.choice(len(order), ineligible, replace=False)] = True
    order[~taken] = np.arange(patients)
    order[taken] = np.arange(patients, len(order))
    return order
