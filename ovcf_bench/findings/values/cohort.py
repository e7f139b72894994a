"""Table 1, and whether published figures fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many of a group have this value; share of those with a value."""

    level: str
    n: int
    share: float | None


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A covariate in one group: moments and quartiles when numeric, `levels` when categorical."""

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    q1: float | None
    q3: float | None
    levels: tuple[LevelCount, ...]


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """A covariate in one split, by label; smd: standardised mean difference between the classes."""

    all: GroupSummary
    positives: GroupSummary
    negatives: GroupSummary
    smd: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class CovariateSummary:
    """One row block of Table 1; kind: numeric, categorical, or text (too many values to list)."""

    name: str
    kind: str
    splits: Mapping[str, SplitSummary]
    reason: str


@dataclass(frozen=True, slots=True)
class PublishedAudit:
    """Whether published AUROCs, sizes and p fit together; `by_correlation`: (r, lowest p, highest p).

    p_low, p_high : the range of p over all correlations.
    """

    set: str
    views: tuple[str, str]
    aurocs: tuple[float, float]
    positives: int
    negatives: int
    p: float | None
    p_bound: float | None
    p_low: float
    p_high: float
    by_correlation: tuple[tuple[float, float, float], ...]
    verdict: str | None
    sentence: str
    reason: str
