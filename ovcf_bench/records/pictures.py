"""Records that hold pictures: the gallery of a report, and the contact sheet of a study."""

from __future__ import annotations

from dataclasses import dataclass

from ovcf_bench.records.folder import Record


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """One radiograph of the gallery: `picture` and `saliency` are data URIs; lesions (left, top, right, bottom)."""

    exam: str
    view: str
    picture: str
    saliency: str
    lesions: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class GalleryPictures:
    """The pictures of the gallery; `method` says how the maps over them were made, "" when there are none."""

    method: str
    images: tuple[GalleryImage, ...]


GALLERY: Record[GalleryPictures] = Record("gallery.json", GalleryPictures)  # absent when they must not leave the site


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image of a contact sheet: whose class it has, its pictures (caption, PNG) and its histogram of 32 bins."""

    split: str
    label: int
    view: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, bytes], ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Random images of every class and view, and pairs of images that look alike (words, two PNG)."""

    images: tuple[ShownImage, ...]
    alike: tuple[tuple[str, bytes, bytes], ...]
