"""One form for all pixels (uint16, or float32 in [0, 1]), one size for a study, and the way back to the source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.vocabulary import PREPROCESSING_VERSION

Pixels16 = np.ndarray[Any, np.dtype[np.uint16]]
_HIGHEST = 65535
_ALLOWED = "Allowed: (height, width) of uint8, uint16, or float32 or float64 from 0 to 1."
_COLOUR = (255, 128, 0)
_STRONGEST = 150  # opacity of 255 where the map is 1


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image is brought to `height` x `width`: letterbox keeps its proportions, stretch does not."""

    height: int
    width: int
    fit: Literal["letterbox", "stretch"] = "letterbox"

    @property
    def version(self) -> str:
        """What the result depends on, as one word: part of the cache's name."""
        return f"v{PREPROCESSING_VERSION}-{self.height}x{self.width}-{self.fit}"

    @property
    def image_bytes(self) -> int:
        """Size of one image on disk."""
        return self.height * self.width * 2


def as_uint16(image: np.ndarray[Any, Any]) -> Pixels16:
    """Return pixels as uint16: 8 bits are spread over the range (x 257), float32 or float64 in [0, 1] rounded.

    Raises DataError for any other shape, type or range.
    """
    array = np.asarray(image)
    if array.ndim != 2 or not array.size:
        raise DataError(Problem("image", f"has the shape {array.shape}", _ALLOWED))
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return np.ascontiguousarray(array, dtype=np.uint16)  # files bring the other byte order too
    if array.dtype == np.uint8:
        spread: Pixels16 = array.astype(np.uint16) * np.uint16(257)
        return spread
    if array.dtype not in (np.float32, np.float64):
        raise DataError(Problem("image", f"has values of the type {array.dtype}", _ALLOWED))
    low, high = float(np.min(array)), float(np.max(array))
    if np.isnan(low):  # the minimum of anything with NaN
        raise DataError(Problem("image", "has values that are NaN", _ALLOWED))
    if low < 0 or high > 1:
        raise DataError(Problem("image", f"has values from {low:.3g} to {high:.3g}", _ALLOWED))
    levels: Pixels16 = np.rint(array * _HIGHEST).astype(np.uint16)
    return levels


def pixel_digest(image: Pixels16) -> str:
    """Return the SHA-256 of shape and pixels, in hexadecimal: equal for equal images, whatever file they are in."""
    shape = f"{image.shape[0]}x{image.shape[1]}:".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(image, dtype="<u2").tobytes()).hexdigest()


def resize(image: Pixels16, preprocessing: Preprocessing) -> Pixels16:
    """Return the image at the size of `preprocessing`: bilinear, antialiased when it shrinks; bars are black.

    image : (H, W) uint16; result : (height, width) uint16.
    """
    height, width = preprocessing.height, preprocessing.width
    top, left, inner_height, inner_width = inside((image.shape[0], image.shape[1]), preprocessing)
    inner = image
    if image.shape != (inner_height, inner_width):
        # Pillow resamples 16-bit images with 8-bit weights; its 32-bit floats are exact enough for 65,536 levels.
        size = (inner_width, inner_height)
        smooth = Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
        inner = np.clip(np.rint(np.asarray(smooth)), 0, _HIGHEST).astype(np.uint16)
    if inner.shape == (height, width):
        return inner
    framed = np.zeros((height, width), dtype=np.uint16)
    framed[top : top + inner_height, left : left + inner_width] = inner
    return framed


def inside(shape: tuple[int, int], preprocessing: Preprocessing) -> tuple[int, int, int, int]:
    """Return where an image of `shape` (H, W) lies after `resize`: top, left, height, width in pixels."""
    height, width = preprocessing.height, preprocessing.width
    if preprocessing.fit == "stretch":
        return 0, 0, height, width
    scale = min(height / shape[0], width / shape[1])
    inner_height = min(height, max(1, round(shape[0] * scale)))
    inner_width = min(width, max(1, round(shape[1] * scale)))
    return (height - inner_height) // 2, (width - inner_width) // 2, inner_height, inner_width


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
