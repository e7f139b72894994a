"""Tables: their parts, and how the figures of findings stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from ovcf_bench.findings.values import Limits, Measure, Valued
from ovcf_bench.wording import interval, number


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

    @property
    def whole(self) -> str:
        """The title, behind the common head if there is one."""
        return f"{self.spanner}: {self.title}" if self.spanner else self.title


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


def textual(*titles: str, spanner: str = "") -> tuple[Column, ...]:
    """Return columns of words, under a common head if one is given."""
    return tuple(Column(title, numeric=False, spanner=spanner) for title in titles)


def beneath(ci: Limits | None) -> str:
    """Return an interval as the detail of a cell; nothing where there is none."""
    return interval(ci) if ci else ""


def valued(found: Valued | Measure, footnotes: Footnotes, *, strong: bool = False) -> Cell:
    """Return a figure with its interval beneath it."""
    return Cell(number(found.value), beneath(found.ci), footnotes.letter(found.reason), strong)


def valued_pair(found: Valued, footnotes: Footnotes) -> tuple[Cell, Cell]:
    """Return a figure and its interval, side by side."""
    return Cell(number(found.value), note=footnotes.letter(found.reason)), Cell(interval(found.ci))


def unique(texts: Iterable[str | None]) -> list[str]:
    """Return the distinct texts that are not empty, in order of appearance."""
    return list(dict.fromkeys(text for text in texts if text))
