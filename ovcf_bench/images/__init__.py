"""Pixels: brought to one form, to one size, and kept on disk once."""

from ovcf_bench.images.cache import CacheEntry, ImageCache, MappedPixels
from ovcf_bench.images.preprocess import (
    THUMBNAIL,
    Appearance,
    Pixels16,
    Preprocessing,
    as_uint16,
    colour_overlay,
    inside,
    pixel_digest,
    resize,
)
from ovcf_bench.images.usual import UsualImages, fit_usual_images

__all__ = [
    "THUMBNAIL",
    "Appearance",
    "CacheEntry",
    "ImageCache",
    "MappedPixels",
    "Pixels16",
    "Preprocessing",
    "UsualImages",
    "as_uint16",
    "colour_overlay",
    "fit_usual_images",
    "inside",
    "pixel_digest",
    "resize",
]
