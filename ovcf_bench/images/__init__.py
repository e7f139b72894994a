"""Pixels: brought to one form, to one size, and kept on disk once."""

from ovcf_bench.images.cache import ImageCache
from ovcf_bench.images.preprocess import (
    THUMBNAIL,
    Appearance,
    Pixels16,
    Preprocessing,
    as_uint16,
    colour_overlay,
    pixel_digest,
    resize,
)
from ovcf_bench.images.usual import UsualImages, fit_usual_images

__all__ = [
    "THUMBNAIL",
    "Appearance",
    "ImageCache",
    "Pixels16",
    "Preprocessing",
    "UsualImages",
    "as_uint16",
    "colour_overlay",
    "fit_usual_images",
    "pixel_digest",
    "resize",
]
