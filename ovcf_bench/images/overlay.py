"""A saliency map laid over the image that it was computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ovcf_bench.images.preprocess import Preprocessing, inside

_COLOUR = (255, 128, 0)
_STRONGEST = 150  # opacity of 255 where the map is 1


def colour_overlay(
    mapped: np.ndarray[Any, Any], shape: tuple[int, int], preprocessing: Preprocessing, longest: int
) -> Image.Image:
    """Return the map (h, w) in [0, 1] over an image of `shape`, as one colour of rising opacity (RGBA).

    Bars that were added to the network's image are cut off; the longer side has `longest` pixels.
    """
    top, left, height, width = inside(shape, preprocessing)
    down, across = mapped.shape[0] / preprocessing.height, mapped.shape[1] / preprocessing.width
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    scale = longest / max(shape)
    size = (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))
    enlarged = Image.fromarray(mapped).resize(size, Image.Resampling.BICUBIC, box=box)
    alpha = np.rint(np.clip(np.asarray(enlarged), 0, 1) * _STRONGEST).astype(np.uint8)
    return Image.fromarray(np.dstack([*(np.full_like(alpha, value) for value in _COLOUR), alpha]), "RGBA")
