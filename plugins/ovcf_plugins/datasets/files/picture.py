"""One image file: what can be told without decoding it, and its grey pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "TIFF")
_ENDS = {"PNG": b"\x00\x00\x00\x00IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
_GREY_16 = ("I;16", "I;16B", "I;16L", "I;16N")
_GREY = ("1", "L", "I", "F", *_GREY_16)
_COLOUR = ("RGB", "RGBA", "LA", "P")
_STRIPS, _TILES, _PHOTOMETRIC = (273, 279), (324, 325), 262  # TIFF tags: offsets and sizes of the pieces
_WHITE_IS_ZERO = 0

Pixels = np.ndarray[Any, Any]


class UnreadableError(Exception):
    """An image file that cannot be used; the message says why, without the file's name."""


def inspect(path: Path) -> None:
    """Look at header and end of a file; decode it only when its end looks wrong.

    Raises UnreadableError when it is no image, of a kind that is not read, or cut short.
    """
    with _opened(path) as image:
        _check_kind(image)
        if not _is_whole(path, image):
            image.load()


def decode(path: Path, colours: Literal["refuse", "luminance"]) -> Pixels:
    """Return the pixels of a file as they are stored: (H, W), uint8, uint16, or float32 in [0, 1].

    Raises UnreadableError.
    """
    with _opened(path) as image:
        _check_kind(image)
        image.load()
        if image.mode in _COLOUR:
            return _grey_of_colour(image, colours)
        return _grey(image)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    # Messages of Pillow and of the system are not passed on: they hold the file's name.
    try:
        with Image.open(path, formats=_FORMATS) as image:
            yield image
    except FileNotFoundError:
        raise UnreadableError("the image file is not there") from None
    except PermissionError:
        raise UnreadableError("the image file may not be read") from None
    except UnidentifiedImageError:
        raise UnreadableError("the file is no PNG, JPEG or TIFF, or its header is broken") from None
    except Image.DecompressionBombError:
        raise UnreadableError("the image has too many pixels to be a radiograph") from None
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow's decoders raise
        raise UnreadableError("the image is cut short or broken") from None


def _check_kind(image: Image.Image) -> None:
    if getattr(image, "n_frames", 1) != 1:
        raise UnreadableError("the file holds several images")
    if image.mode not in (*_GREY, *_COLOUR):
        raise UnreadableError(f"the image is of the kind {image.mode}")
    packed = str(image.tile) if isinstance(image, ImageFile.ImageFile) else ""
    if image.mode in _COLOUR and ";16" in packed:
        raise UnreadableError("the image has colours of 16 bits")  # Pillow would keep 8 of them


def _is_whole(path: Path, image: Image.Image) -> bool:
    size = path.stat().st_size
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return any(_lie_inside(image.tag_v2, offsets, counts, size) for offsets, counts in (_STRIPS, _TILES))
    end = _ENDS[str(image.format)]
    with path.open("rb") as file:
        file.seek(max(0, size - len(end)), os.SEEK_SET)
        return file.read() == end


def _lie_inside(tags: Any, offsets: int, counts: int, size: int) -> bool:
    pieces = list(zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False))
    return bool(pieces) and max(start + length for start, length in pieces) <= size


def _grey_of_colour(image: Image.Image, colours: Literal["refuse", "luminance"]) -> Pixels:
    if "A" in image.getbands() and image.getchannel("A").getextrema() != (255, 255):
        raise UnreadableError("the image is partly transparent")
    colour = image.convert("RGB")
    channels = np.asarray(colour)
    if (channels == channels[..., :1]).all():
        return np.ascontiguousarray(channels[..., 0])
    if colours == "refuse":
        raise UnreadableError("the image has colours")
    return np.asarray(colour.convert("L"))


def _grey(image: Image.Image) -> Pixels:
    pixels = np.asarray(image)
    if image.mode == "1":
        return pixels.astype(np.uint8) * np.uint8(255)
    if image.mode == "L":
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if image.mode == "F":
        if not (low >= 0 and high <= 1):  # false for NaN too
            raise UnreadableError("the image has values outside 0 to 1, or NaN")
        return pixels
    if low < 0 or high > np.iinfo(np.uint16).max:  # some 16-bit files open as 32-bit integers
        raise UnreadableError("the image has more than 16 bits")
    levels = pixels.astype(np.uint16)
    return np.iinfo(np.uint16).max - levels if _is_white_zero(image) else levels


def _is_white_zero(image: Image.Image) -> bool:
    """Whether 0 means white in a 16-bit TIFF: Pillow turns only those of 8 bits."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
