"""The participant flow as a drawing: one column of boxes for each cohort."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovcf_bench.report.format import count

Values = Mapping[str, Any]

_BOX, _SIDE, _GAP, _LINE, _PAD, _COLUMN_GAP = 210, 190, 34, 17, 9, 36
_CHARACTERS, _SIDE_CHARACTERS = 30, 27


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its lines of text; `kind` is main, dropped or split."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A straight arrow."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, slots=True)
class FlowChart:
    """Boxes and arrows of all cohorts; `text` is the alternative."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    text: str


def flow_chart(flow: Values) -> FlowChart:
    """Return the drawing of the recorded flow, with the counts that were recorded."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    said: list[str] = []
    left = 1
    for name, found in flow["cohorts"].items():
        splits = {split: each for split, each in flow["splits"].items() if each["cohort"] == name}
        width = _column(name, found["steps"], splits, left, boxes, arrows)
        said.append(_in_words(name, found["steps"], splits))
        left += width + _COLUMN_GAP
    height = max(box.y + box.height for box in boxes) + 2
    return FlowChart(left - _COLUMN_GAP + 1, height, tuple(boxes), tuple(arrows), " ".join(said))


def _column(
    name: str, steps: list[Values], splits: Mapping[str, Values], left: int, boxes: list[Box], arrows: list[Arrow]
) -> int:
    """Add one cohort's boxes; return the column's width."""
    above = _add(boxes, left, 1, _BOX, [f"Cohort {name}", *_counts(steps[0]["after"])], "main")
    middle = left + _BOX // 2
    drops = [step for step in steps[1:] if step["dropped"]["exams"]]
    for step in drops:
        text = [*textwrap.wrap(step["reason"], _SIDE_CHARACTERS), *_counts(step["dropped"])]
        top = above.y + above.height + _GAP // 3
        side = _add(boxes, left + _BOX + 26, top, _SIDE, text, "dropped")
        below = _add(boxes, left, top + side.height + _GAP // 3, _BOX, _counts(step["after"]), "main")
        arrows.append(Arrow(middle, above.y + above.height, middle, below.y))
        arrows.append(Arrow(middle, top + side.height // 2, side.x, top + side.height // 2))
        above = below
    top = above.y + above.height + _GAP
    for split, found in splits.items():
        box = _add(boxes, left, top, _BOX, [f"Split {split}", *_counts(found)], "split")
        arrows.append(Arrow(middle, above.y + above.height, middle, box.y))
        above, top = box, box.y + box.height + _GAP // 2
    return _BOX + (26 + _SIDE if drops else 0)


def _add(boxes: list[Box], x: int, y: int, width: int, lines: list[str], kind: str) -> Box:
    wrapped = [part for line in lines for part in (textwrap.wrap(line, _CHARACTERS) or [""])]
    box = Box(x, y, width, len(wrapped) * _LINE + 2 * _PAD, tuple(wrapped), kind)
    boxes.append(box)
    return box


def _counts(counts: Values) -> list[str]:
    return [
        f"{count(counts['patients'])} patients, {count(counts['images'])} images",
        f"{count(counts['positives'])} positive, {count(counts['negatives'])} negative",
    ]


def _in_words(name: str, steps: list[Values], splits: Mapping[str, Values]) -> str:
    parts = [f"Cohort {name}: {count(steps[0]['after']['patients'])} patients listed"]
    parts += [f"{count(step['dropped']['patients'])} dropped ({step['reason']})" for step in steps[1:]]
    parts += [f"{count(found['patients'])} in {split}" for split, found in splits.items()]
    return "; ".join(parts) + "."
