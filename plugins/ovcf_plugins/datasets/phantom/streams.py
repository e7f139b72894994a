"""Named streams of random numbers: what is drawn for one purpose never moves what is drawn for another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Purposes; the numbers are part of every image's identity."""

    ANATOMY = 0
    AP = 1
    LATERAL = 2
    LABELS = 3
    MRI_DELAY = 4
    INELIGIBLE = 5
    ORDER = 6


def generator(seed: int, site: str, index: int, stream: Stream) -> np.random.Generator:
    """Return the generator of one patient (or, with index 0, of the whole cohort) for one purpose."""
    return np.random.default_rng([seed, ord(site), index, stream])
