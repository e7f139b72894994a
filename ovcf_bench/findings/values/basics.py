"""What other values are made of: limits, figures with an interval, and what a study declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ovcf_bench.stats.intervals import Interval

Limits = tuple[float, float]


def limits(interval: Interval | None) -> Limits | None:
    """Return an interval as (lower, upper), or None."""
    return None if interval is None else (interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class Valued:
    """A figure with its 95 % interval."""

    value: float | None
    ci: Limits | None
    ci_method: str | None
    reason: str


def valued(value: float | None, interval: Interval | None = None, reason: str = "") -> Valued:
    """Return a figure as it is recorded; without an interval, or without a value, `reason` says why."""
    return Valued(value, limits(interval), interval.method if interval else None, reason)


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """An arm as declared; `readers` are the human readers whose scores it holds, if any."""

    name: str
    views: tuple[str, ...]
    model: str
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What the study file declares about the analysis."""

    title: str
    question: str
    seed: int
    repeats: int
    ensemble: str
    analysis_level: str
    aggregation: str
    missing: str
    threshold: str
    fitted_on: str
    conditional_on: str
    sets: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    expected: str


@dataclass(frozen=True, slots=True)
class Primary:
    """The one analysis that answers the question."""

    set: str
    comparison: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where numbers of a sentence stand: the kind of table, the set, and the arm or comparison."""

    table: Literal["auroc", "comparison", "verdict", "detectable"]
    set: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; a number knows its row."""

    text: str
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the drafted answer; `parts` are the same text in pieces."""

    text: str
    parts: tuple[Part, ...] = ()
