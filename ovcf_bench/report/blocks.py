"""What a page is made of: tables, figures and sections, ready to be drawn by a template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `note` refers to a footnote of the table; `head` makes it the header of its row."""

    text: str
    number: bool = False
    head: bool = False
    strong: bool = False
    note: str = ""
    span: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; `notes` are (letter, sentence)."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption; the text alternative stands inside the drawing."""

    id: str
    caption: str
    drawing: Markup
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: paragraphs, then figures and tables in their order."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    blocks: tuple[Table | Figure, ...] = ()
    code: str = ""
    details: tuple[tuple[str, str], ...] = ()  # (summary, preformatted text), folded


@dataclass(slots=True)
class Footnotes:
    """Letters for the reasons why a value does not exist; equal reasons share a letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def letter(self, reason: str | None) -> str:
        """Return the letter of a reason, or nothing when there is none."""
        if not reason:
            return ""
        return self.letters.setdefault(reason, _letter(len(self.letters)))

    def all(self) -> tuple[tuple[str, str], ...]:
        """Return (letter, reason) in order."""
        return tuple((letter, reason) for reason, letter in self.letters.items())


def _letter(position: int) -> str:
    first, second = divmod(position, 26)
    return (chr(ord("a") + first - 1) if first else "") + chr(ord("a") + second)


def numbers(texts: Iterable[str]) -> tuple[Cell, ...]:
    """Return right-aligned cells."""
    return tuple(Cell(text, number=True) for text in texts)


def row(head: str, *cells: Cell | Sequence[Cell]) -> tuple[Cell, ...]:
    """Return a row with its header."""
    flat = [each for cell in cells for each in ([cell] if isinstance(cell, Cell) else cell)]
    return (Cell(head, head=True), *flat)
