"""What a page is made of; every block names the template that draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from ovcf_bench.report.kit.flow import FlowColumn
from ovcf_bench.report.kit.forest import Forest
from ovcf_bench.report.kit.plot import Plot
from ovcf_bench.report.kit.table import Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `link` is a web address that is shown after it and never fetched."""

    template: ClassVar[str] = "paragraph.html"
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list of (lead, text); the lead is set in bold and may be empty."""

    template: ClassVar[str] = "items.html"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text as it stands in a file or a terminal; folded under its title when `folded`; `file` is its name as one.

    wrapped : lines break where the page ends, as in prose.
    """

    template: ClassVar[str] = "listing.html"
    title: str
    text: str
    folded: bool = False
    file: str = ""
    id: str = ""
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix: counts as text."""

    caption: str
    tp: str
    fn: str
    fp: str
    tn: str


@dataclass(frozen=True, slots=True)
class Matrices:
    """Confusion matrices side by side."""

    template: ClassVar[str] = "matrices.html"
    id: str
    matrices: tuple[Matrix, ...]


Panel: TypeAlias = Plot | FlowColumn | Forest


@dataclass(frozen=True, slots=True)
class Figure:
    """Drawings side by side under one caption; each carries its own text alternative. `data` is their CSV."""

    template: ClassVar[str] = "figure.html"
    id: str
    caption: str
    panels: tuple[Panel, ...]
    label: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class ExplorerSet:
    """A test set with its arms: the frozen threshold of each, and how many positives and negatives it scored."""

    name: str
    arms: Mapping[str, float | None]
    sizes: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Explorer:
    """A slider for each arm over the thresholds of a ROC figure; only scripts can show it."""

    template: ClassVar[str] = "explorer.html"
    id: str
    figure: str
    sets: tuple[ExplorerSet, ...]
    prevalences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its address, usually a data URI."""

    caption: str
    source: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side, and a histogram as the path of its bars."""

    template: ClassVar[str] = "pictures.html"
    id: str
    caption: str
    pictures: tuple[Picture, ...]
    histogram: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One radiograph: its picture and, over it, where networks looked (data URIs, or ""); lesions as shares of it."""

    view: str
    picture: str
    saliency: str
    lesions: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class GalleryBlock:
    """Exams with their views side by side; `method` says what the colour over the pictures means."""

    template: ClassVar[str] = "gallery.html"
    id: str
    caption: str
    exams: tuple[tuple[str, tuple[Shown, ...]], ...]
    method: str

    @property
    def salient(self) -> bool:
        """Whether any picture has a map to switch on."""
        return any(shown.saliency for _, views in self.exams for shown in views)

    @property
    def located(self) -> bool:
        """Whether any picture has lesions to switch on."""
        return any(shown.lesions for _, views in self.exams for shown in views)


Block: TypeAlias = Paragraph | Items | Listing | Table | Matrices | Figure | Explorer | Pictures | GalleryBlock


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def present(*blocks: Block | None) -> tuple[Block, ...]:
    """Return the blocks that exist."""
    return tuple(block for block in blocks if block is not None)
