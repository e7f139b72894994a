"""Named streams of random numbers: every choice has its own seed, none hides in a global state."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *name: object) -> int:
    """Return the seed (0 <= seed < 2**63) of a named stream, such as `stream(2024, "epoch", 3)`."""
    text = "\0".join(str(part) for part in (seed, *name))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator(seed: int, *name: object) -> np.random.Generator:
    """Return the numpy generator of a named stream."""
    return np.random.default_rng(stream(seed, *name))
