"""What a page is made of; every block names the template that draws it.

Ids of rows are made of positions, not of names: names come from study files and may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from ovcf_bench.findings.values import Anchor, Findings
from ovcf_bench.report.kit.flow import FlowColumn
from ovcf_bench.report.kit.forest import Forest
from ovcf_bench.report.kit.plot import Plot


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
class Cell:
    """One value; `detail` stands small beneath it, `note` is the letter of a footnote; `links` are (text, href)."""

    text: str
    detail: str = ""
    note: str = ""
    strong: bool = False
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `spanner` is a common head over neighbouring columns."""

    title: str
    numeric: bool = True
    spanner: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its head; `id` is where links of the page lead."""

    head: str
    cells: tuple[Cell, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a common head; no head, no line for it."""

    head: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column holds the heads of the rows. `footnotes` are (letter, text)."""

    template: ClassVar[str] = "table.html"
    id: str
    caption: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    footnotes: tuple[tuple[str, str], ...] = ()
    label: str = ""

    @property
    def spanners(self) -> list[tuple[str, int]]:
        """Heads over neighbouring columns with the number of columns each; empty without any."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and found[-1][0] == column.spanner:
                found[-1] = (column.spanner, found[-1][1] + 1)
            else:
                found.append((column.spanner, 1))
        return found if any(name for name, _ in found) else []


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


@dataclass(slots=True)
class Footnotes:
    """Letters for the reasons why values do not exist; equal reasons share a letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def letter(self, reason: str) -> str:
        """Return the letter of a reason; no reason, no letter."""
        return self.letters.setdefault(reason, _letter(len(self.letters))) if reason else ""

    def all(self) -> tuple[tuple[str, str], ...]:
        """Return (letter, reason) in order of appearance."""
        return tuple((letter, reason) for reason, letter in self.letters.items())


def _letter(position: int) -> str:
    """Return a, b, ..., z, aa, ab, ..."""
    first, second = divmod(position, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + second)


def cells(*texts: str) -> tuple[Cell, ...]:
    """Return plain cells."""
    return tuple(Cell(text) for text in texts)


def numeric(*titles: str, spanner: str = "") -> tuple[Column, ...]:
    """Return columns of numbers, under a common head if one is given."""
    return tuple(Column(title, spanner=spanner) for title in titles)


def unique(texts: Iterable[str | None]) -> list[str]:
    """Return the distinct texts that are not empty, in order of appearance."""
    return list(dict.fromkeys(text for text in texts if text))


def row_id(table: str, set_position: int, position: int) -> str:
    """Return the id of a row: the n-th arm or comparison of a set in a kind of table."""
    return f"row-{table}-{set_position}-{position}"


def place_of(findings: Findings, anchor: Anchor | None) -> str:
    """Return the id of the row that an anchor means, or "" when the page has no such row."""
    if anchor is None or anchor.set not in findings.sets:
        return ""
    found = findings.sets[anchor.set]
    names = list(found.arms) if anchor.table == "auroc" else [one.id for one in found.comparisons]
    if anchor.name not in names:
        return ""
    return row_id(anchor.table, list(findings.sets).index(anchor.set), names.index(anchor.name))
