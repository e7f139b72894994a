"""What is remembered of an image before it is resized: its size, and a thumbnail of its whole field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ovcf_bench.images.preprocess import Pixels16

THUMBNAIL = 64  # pixels a side, whatever the proportions: small enough to keep for every image


@dataclass(frozen=True, slots=True)
class Appearance:
    """Height and width of the source in pixels, and its thumbnail's bytes."""

    height: int
    width: int
    thumbnail: bytes

    @property
    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The thumbnail, (64, 64) uint8."""
        return np.frombuffer(self.thumbnail, dtype=np.uint8).reshape(THUMBNAIL, THUMBNAIL)


def thumbnail_of(image: Pixels16) -> bytes:
    """Return the means of a 64 x 64 grid over a (H, W) uint16 image, as 8 bits each."""
    small = Image.fromarray(image.astype(np.float32)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.clip(np.rint(np.asarray(small) / 257), 0, 255).astype(np.uint8).tobytes()
