"""Draws the map of the house, docs/contributing/house.svg, from the imports and the floors of pyproject.toml.

    python docs/build_map.py

A test holds the picture against the code.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "contributing" / "house.svg"

WIDTH = 700  # as wide as a page of the forge: nothing is shrunk
LEFT, TOP, PAD, GAP = 8, 34, 7, 6
BOX, LETTER = 34, 6.9  # height of a room; width of a letter at 12 px, with some to spare, since fonts differ
LANE = 11  # of the arrows, at the right
PLUGINS = "plugins"  # a floor of its own, drawn right above the only one that it imports
_ABOVE = "api"
_INK, _LINE, _SHELF = "#1f2933", "#52606d", "#f2f4f7"


@dataclass(frozen=True)
class Room:
    """A package or module of its own, with its lines."""

    name: str
    lines: int


@dataclass(frozen=True)
class Floor:
    """Rooms that do not import each other, and the floors (by position) that they import."""

    rooms: tuple[Room, ...]
    below: tuple[int, ...]
    outside: bool = False  # of the core


def house() -> ModuleType:
    """Return tests/house.py, which reads the imports."""
    if "house" not in sys.modules:
        spec = importlib.util.spec_from_file_location("house", ROOT / "tests" / "house.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules["house"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["house"])
    return sys.modules["house"]


def layers() -> list[list[str]]:
    """Return the names of the rooms by floor, from the top, as the linter checks them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (found,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    return [layer.split(" : ") for layer in found]


def floors() -> list[Floor]:
    """Return the floors of the core from the top, the bundled plugins among them."""
    modules = house().modules()
    place: dict[str, tuple[int, str]] = {}  # of each module: its floor, and its room there
    wanted = layers()
    wanted.insert(next(at for at, rooms in enumerate(wanted) if _ABOVE in rooms), [])
    level = {room: at for at, rooms in enumerate(wanted) for room in rooms}
    outside = wanted.index([])
    lines: dict[tuple[int, str], int] = {}
    for module in modules:
        if module.name in ("ovcf_bench", "ovcf_plugins"):
            continue  # the version, and nothing
        inside = module.name.startswith("ovcf_bench.")
        here = (level[module.room] if inside else outside, module.room)
        place[module.name] = here
        lines[here] = lines.get(here, 0) + module.lines
    below: dict[int, set[int]] = {}
    for name, imported in house().import_graph(modules).items():
        if name in place:
            below.setdefault(place[name][0], set()).update(place[each][0] for each in imported if each in place)
    wanted[outside] = sorted(room for at, room in lines if at == outside)
    return [
        Floor(
            tuple(Room(name, lines[at, name]) for name in rooms), tuple(sorted(below.get(at, set()) - {at})),
            outside=at == outside,
        )
        for at, rooms in enumerate(wanted)
    ]  # fmt: skip


def rounded(lines: int) -> str:
    """Return a number of lines with two digits that count, so that not every change makes another picture."""
    unit = 10 ** max(0, math.floor(math.log10(lines)) - 1) if lines else 1
    return f"{round(lines / unit) * unit:,}"


def draw(found: Sequence[Floor]) -> str:
    """Return the picture as SVG: a shelf for each floor, and at the right a lane for each floor that imports others."""
    lanes = {at: number for number, at in enumerate(at for at, floor in enumerate(found) if floor.below)}
    shelf = WIDTH - 2 * LEFT - LANE * (len(lanes) + 1)
    parts: list[str] = []
    middle: dict[int, float] = {}
    y = float(TOP)
    for at, floor in enumerate(found):
        rows = list(_rows(floor.rooms, shelf - 2 * PAD))
        height = len(rows) * (BOX + GAP) - GAP + 2 * PAD
        dashed = ' stroke-dasharray="5 3"' if floor.outside else ""
        parts.append(f'<rect x="{LEFT}" y="{y:g}" width="{shelf}" height="{height}" rx="4" fill="{_SHELF}" '
                     f'stroke="#cbd2d9"{dashed}/>')  # fmt: skip
        for number, row in enumerate(rows):
            parts += _boxes(row, LEFT + PAD, y + PAD + number * (BOX + GAP))
        if floor.outside:
            parts.append(f'<text x="{LEFT + shelf - PAD}" y="{y + height / 2 + 4:g}" text-anchor="end" '
                         f'font-style="italic">bundled plugins</text>')  # fmt: skip
        middle[at] = y + height / 2
        y += height + GAP
    for at, lane in lanes.items():
        parts += _lane(LEFT + shelf + LANE * (lane + 1), middle, at, found[at].below)
    return _page(y + 4, parts, _words(found))


def _width(room: Room) -> float:
    return max(62, round(LETTER * len(room.name) + 14))


def _rows(rooms: Sequence[Room], most: float) -> Iterator[list[Room]]:
    row: list[Room] = []
    for room in rooms:
        if row and sum(_width(each) + GAP for each in [*row, room]) - GAP > most:
            yield row
            row = []
        row.append(room)
    yield row


def _boxes(rooms: Sequence[Room], x: float, y: float) -> Iterator[str]:
    for room in rooms:
        width, middle = _width(room), x + _width(room) / 2
        yield (f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{BOX}" rx="3" fill="#fff" stroke="{_LINE}"/>'
               f'<text x="{middle:g}" y="{y + 15:g}" text-anchor="middle">{escape(room.name)}</text>'
               f'<text x="{middle:g}" y="{y + 28:g}" text-anchor="middle" font-size="11" fill="{_LINE}">'
               f"{rounded(room.lines)}</text>")  # fmt: skip
        x += width + GAP


def _lane(x: float, middle: Mapping[int, float], at: int, below: Sequence[int]) -> Iterator[str]:
    """Yield a dot where a floor stands, a line down, and a head beside each floor that it imports."""
    heads = "".join(f"M{x - 3.5:g} {middle[each] - 4:g}h7l-3.5 7z" for each in below)
    yield f'<path d="M{x:g} {middle[at]:g}V{middle[max(below)]:g}" stroke="{_LINE}" fill="none"/>'
    yield f'<circle cx="{x:g}" cy="{middle[at]:g}" r="3.5" fill="{_INK}"/><path d="{heads}" fill="{_INK}"/>'


def _words(found: Sequence[Floor]) -> str:
    names = [", ".join(room.name for room in floor.rooms) for floor in found]
    return " ".join(f"{name} import {'; '.join(names[each] for each in floor.below)}."
                    for name, floor in zip(names, found, strict=True) if floor.below)  # fmt: skip


def _page(height: float, parts: Sequence[str], words: str) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img" font-family="sans-serif" font-size="12" fill="{_INK}">\n'
        f"<!-- made by docs/build_map.py -->\n"
        f"<title>The floors of ovcf-bench</title>\n<desc>{escape(words)}</desc>\n"
        f'<rect width="{WIDTH}" height="{height:g}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="21">Imports go down only. Numbers: lines. At the right, from a dot: what this floor '
        f"imports directly.</text>\n"
        f"{body}\n</svg>\n"
    )


def main() -> None:
    """Write the picture."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(draw(floors()), encoding="utf-8")


if __name__ == "__main__":
    main()
