"""Pictures that any model can learn to tell apart."""

from __future__ import annotations

import numpy as np

from ovcf_bench.hooks.contracts import Images

_NOISE, _SQUARE = 0.05, 0.5


def separable_images(n: int, n_views: int, size: tuple[int, int], seed: int) -> Images:
    """Return n images, every second one (label 1) with a bright square at a random place in all views.

    pixels : (n, n_views, height, width) uint16; labels : (n, 1) uint8.
    """
    height, width = size
    generator = np.random.default_rng(seed)
    pixels = 0.3 + _NOISE * generator.standard_normal((n, n_views, height, width))
    labels = (np.arange(n) % 2).astype(np.uint8)
    side = max(2, min(height, width) // 3)
    for row in np.flatnonzero(labels):
        top, left = generator.integers(height - side), generator.integers(width - side)
        pixels[row, :, top : top + side, left : left + side] += _SQUARE
    levels = np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16)
    return Images(levels, labels[:, None])
