"""Reporting guidelines as tables: what this report answers and where, what the author must write, what does not apply.

Items are paraphrased; their numbers are those of the guidelines. One CSV file for each guideline beside this module.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from ovcf_bench.report.kit.table import Cell, Group, Row, Table, textual

HERE, AUTHOR, NOT_APPLICABLE = "in this report", "author", "not applicable"


@dataclass(frozen=True, slots=True)
class Checklist:
    """A guideline: its file and where it was published."""

    file: str
    name: str
    source: str


CHECKLISTS = (
    Checklist("claim_2024", "CLAIM 2024", "Tejani et al., Radiology: Artificial Intelligence 2024;6:e240300"),
    Checklist("tripod_ai", "TRIPOD+AI", "Collins et al., BMJ 2024;385:e078378"),
    Checklist("stard_2015", "STARD 2015", "Bossuyt et al., BMJ 2015;351:h5527"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An item: ids of the page that answer it, and what holds where none of them is on the page.

    otherwise : "author" or "not applicable", and in `hint` what to write or why not.
    """

    number: str
    section: str
    topic: str
    places: tuple[str, ...]
    otherwise: str
    hint: str


def items(checklist: Checklist) -> tuple[Item, ...]:
    """Return the items of a guideline in their order."""
    text = files(__package__).joinpath(f"{checklist.file}.csv").read_text("utf-8")
    found = []
    for row in csv.DictReader(text.splitlines()):
        otherwise, _, hint = row["otherwise"].partition(": ")
        found.append(Item(row["item"], row["section"], row["topic"], tuple(row["in"].split()), otherwise.strip(), hint))
    return tuple(found)


def checklist_tables(places: Mapping[str, str]) -> Iterator[Table]:
    """Yield one table for each guideline. places : what exists on this page, by id, and what it is called."""
    for checklist in CHECKLISTS:
        judged = [(item, _status(item, places)) for item in items(checklist)]
        here, author, none = (sum(status == each for _, status in judged) for each in (HERE, AUTHOR, NOT_APPLICABLE))
        groups = groupby(judged, key=lambda each: each[0].section)
        yield Table(
            id=f"checklist-{checklist.file.replace('_', '-')}",
            caption=f"{checklist.name}: of {len(judged)} items {here} are answered in this report, {author} are the "
            f"author’s, {none} do not apply.",
            columns=textual("Item", "About", "Status", "Where, or what to write"),
            groups=tuple(
                Group(section, tuple(_row(item, status, places) for item, status in members))
                for section, members in groups
            ),
            notes=(f"{checklist.source}. Items are paraphrased; a place says where to look, not that it suffices.",),
        )


def _status(item: Item, places: Mapping[str, str]) -> str:
    return HERE if any(place in places for place in item.places) else item.otherwise


def _row(item: Item, status: str, places: Mapping[str, str]) -> Row:
    links = tuple((places[place], f"#{place}") for place in item.places if place in places)
    last = Cell("", links=links) if links else Cell(item.hint)
    return Row(item.number, (Cell(item.topic), Cell(status, strong=status == AUTHOR), last))
