"""The participant flow as a drawing: one column of boxes for each cohort, what was dropped beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ovcf_bench.records import Flow, LeftOut, SplitCounts
from ovcf_bench.report.kit.csv import as_csv
from ovcf_bench.vocabulary import CohortCounts, EligibilityStep
from ovcf_bench.wording import count

Kind = Literal["main", "left", "dropped", "split"]

WIDTH = 418
LINE, PAD = 17, 9  # height of a line of text, space above and below the lines
_LETTER, _BOLD = 6.2, 7.0  # mean width of a letter; fonts differ, so boxes have some air
_MAIN_WIDTH, _LEFT_WIDTH, _SIDE = 206, 128, 218  # boxes on the trunk, boxes between steps, where side boxes begin
_TRUNK = _MAIN_WIDTH // 2
_GAP, _STEP_GAP = 24, 12
_BRANCH = 40  # where split boxes begin; they hang on a branch at their left
_STEM = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its lines of text; the first line is its name."""

    kind: Kind
    x: int
    y: int
    width: int
    lines: tuple[str, ...]
    named: int = 1  # how many of the lines are its name

    @property
    def height(self) -> int:
        """Height in pixels."""
        return len(self.lines) * LINE + 2 * PAD - 3

    @property
    def bottom(self) -> int:
        """Lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> int:
        """Half-way between the edges."""
        return self.y + self.height // 2

    def baseline(self, line: int) -> int:
        """Return where the n-th line of text stands."""
        return self.y + PAD + LINE * line + 11


@dataclass(frozen=True, slots=True)
class FlowColumn:
    """The flow of one cohort; `text` is its alternative. Arrows are paths."""

    template: ClassVar[str] = "flow.svg"
    id: str
    title: str
    text: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]


@dataclass(slots=True)
class _Canvas:
    boxes: list[Box] = field(default_factory=list)
    arrows: list[str] = field(default_factory=list)

    def add(self, kind: Kind, x: int, y: int, width: int, name: str, *lines: str) -> Box:
        """Add a box and return it; lines are broken to its width."""
        inside = width - 2 * PAD
        named = textwrap.wrap(name, int(inside / _BOLD))
        rest = [part for line in lines for part in textwrap.wrap(line, int(inside / _LETTER))]
        self.boxes.append(Box(kind, x, y, width, (*named, *rest), len(named)))
        return self.boxes[-1]

    def aside(self, top: int, name: str, *lines: str) -> Box:
        """Add a box of what was dropped, beside the trunk, with an arrow to it, and return it."""
        box = self.add("dropped", _SIDE, top, WIDTH - _SIDE - 1, name, *lines)
        self.arrows.append(f"M{_TRUNK} {box.middle}H{box.x}")
        return box

    def down(self, top: int, bottom: int) -> None:
        """Add an arrow along the trunk."""
        self.arrows.append(f"M{_TRUNK} {top}V{bottom}")


def flow_columns(flow: Flow) -> list[FlowColumn]:
    """Return one drawing for each cohort, with the counts as they were recorded."""
    return [_column(flow, name, position) for position, name in enumerate(flow.cohorts)]


def flow_values(flow: Flow) -> str:
    """Return every step and split as CSV."""
    rows = [
        (at, step.reason, step.dropped.patients, step.after.patients, step.after.positives, step.after.negatives)
        for at, cohort in enumerate(flow.cohorts.values())
        for step in cohort.steps
    ]
    cohorts = list(flow.cohorts)
    rows += [
        (cohorts.index(found.cohort), f"split {name}", 0, found.patients, found.positives, found.negatives)
        for name, found in flow.splits.items()
    ]
    return as_csv(("patients dropped", "patients left", "positives left", "negatives left"), rows)


def _column(flow: Flow, name: str, position: int) -> FlowColumn:
    steps, unusable = flow.cohorts[name].steps, flow.cohorts[name].unusable
    splits = {split: found for split, found in flow.splits.items() if found.cohort == name}
    unused = flow.unused.get(name)
    canvas = _Canvas()
    top = _draw_unusable(canvas, unusable, steps[0].after.images)
    first = canvas.add("main", 1, top, _MAIN_WIDTH, name, steps[0].reason, *_lines(steps[0].after))
    last = _draw_steps(canvas, first, steps[1:])
    bottom = _draw_splits(canvas, last, splits, unused)
    return FlowColumn(
        id=f"flow-{position}",
        title=name,
        text=_in_words(name, steps, splits, unused, unusable),
        width=WIDTH,
        height=bottom + 2,
        boxes=tuple(canvas.boxes),
        arrows=tuple(canvas.arrows),
    )


def _draw_unusable(canvas: _Canvas, unusable: Sequence[LeftOut], used: int) -> int:
    """Draw the images that were found and those that cannot be used, if any; return where the drawing goes on."""
    if not unusable:
        return 1
    whole = used + sum(each.images for each in unusable)
    found = canvas.add("main", 1, 1, _MAIN_WIDTH, "Found", _several(whole, "image"))
    reasons = (f"{_several(each.images, 'image')}: {each.reason}" for each in unusable)
    side = canvas.aside(found.bottom + _STEP_GAP, "Images that cannot be used", *reasons)
    canvas.down(found.bottom, side.bottom + _STEP_GAP)
    return side.bottom + _STEP_GAP


def _several(n: int, word: str) -> str:
    return f"{count(n)} {word}{'' if n == 1 else 's'}"


def _draw_steps(canvas: _Canvas, above: Box, steps: Sequence[EligibilityStep]) -> Box:
    """Draw what each step drops at the side of the trunk and what is left on it; return the last box."""
    edge = above.bottom
    for step in steps:
        side = canvas.aside(edge + _STEP_GAP, step.reason, *_lines(step.dropped, "dropped"))
        if step is steps[-1]:
            left = canvas.add("main", 1, side.bottom + _STEP_GAP, _MAIN_WIDTH, "Eligible", *_lines(step.after))
            edge = left.bottom
        else:
            left = canvas.add(
                "left", _TRUNK - _LEFT_WIDTH // 2, side.bottom + 2, _LEFT_WIDTH, "", _patients(step.after)
            )
            edge = left.middle - _STEP_GAP // 2
        canvas.down(above.bottom, left.y)
        above = left
    return above


def _draw_splits(canvas: _Canvas, above: Box, splits: Mapping[str, SplitCounts], unused: CohortCounts | None) -> int:
    """Hang the splits under the last box; return the lower edge of the drawing."""
    found: list[tuple[str, CohortCounts]] = list(splits.items())
    if unused is not None and unused.patients:
        found.append(("in no split", unused))
    top = above.bottom + _GAP
    bottom = above.bottom
    for name, counts in found:
        lines = (f"{_patients(counts)}, {_classes(counts)}", *_partly(counts))
        box = canvas.add("split", _BRANCH, top, WIDTH - _BRANCH - 1, name, *lines)
        canvas.arrows.append(f"M{_STEM} {above.bottom}V{box.middle}H{box.x}")
        top, bottom = box.bottom + _STEP_GAP, box.bottom
    return bottom


def _partly(counts: CohortCounts) -> tuple[str, ...]:
    """Return which views exams have, where not all have the same."""
    kinds = counts.exams_by_views if isinstance(counts, SplitCounts) else {}
    if len(kinds) < 2:
        return ()
    return (", ".join(f"{_several(n, 'exam')} with {views}" for views, n in kinds.items()),)


def _lines(counts: CohortCounts, word: str = "") -> tuple[str, ...]:
    if not counts.patients and word:
        return ("nobody dropped",)
    return (f"{_patients(counts)} {word}".strip(), _classes(counts))


def _patients(counts: CohortCounts) -> str:
    return _several(counts.patients, "patient")


def _classes(counts: CohortCounts) -> str:
    return f"{count(counts.positives)} positive, {count(counts.negatives)} negative"


def _in_words(
    name: str,
    steps: Sequence[EligibilityStep],
    splits: Mapping[str, CohortCounts],
    unused: CohortCounts | None,
    unusable: Sequence[LeftOut],
) -> str:
    start = steps[0].after
    parts = [f"{_several(each.images, 'image')} cannot be used, {each.reason}" for each in unusable]
    parts += [f"{_patients(start)} {steps[0].reason} ({_classes(start)})"]
    parts += [
        f"{step.reason}: {count(step.dropped.patients)} dropped, {_patients(step.after)} left" for step in steps[1:]
    ]
    parts += [
        "; ".join((f"split {split}: {_patients(found)} ({_classes(found)})", *_partly(found)))
        for split, found in splits.items()
    ]
    if unused is not None and unused.patients:
        parts.append(f"in no split: {_patients(unused)}")
    return f"{name}: {'; '.join(parts)}."
