"""What a user asks of a comparison of scores, as the command line gives it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.stats.operating_point import ThresholdRule
from ovcf_bench.vocabulary import Claim, Missing


@dataclass(frozen=True, slots=True)
class Request:
    """Columns and analysis; None or () means: guess it where that is unambiguous, or leave it out.

    arms : name and columns (several columns are human readers); pairs : arms to compare, default every pair.
    """

    file: Path
    label: str | None = None
    arms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    arm_column: str | None = None
    score_column: str | None = None
    case: str | None = None
    patient: str | None = None
    cluster: str | None = None
    set: str | None = None
    fit_on: str | None = None
    subgroups: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    claim: Claim = "difference"
    margin: float | None = None
    threshold: ThresholdRule | None = None
    prevalences: tuple[float, ...] = ()
    missing: Missing = "complete_pairs"
    title: str = ""
    resamples: int = 2000


def parse_arm(text: str) -> tuple[str, tuple[str, ...]]:
    """Return name and columns of "ap", "ap=column" or "ap=reader1,reader2"."""
    name, equals, columns = text.partition("=")
    wanted = tuple(each.strip() for each in columns.split(",")) if equals else (name,)
    if not name.strip() or not all(wanted):
        raise DataError(Problem("--arm", f"{text!r} names no column", "Allowed: COLUMN, NAME=COLUMN, NAME=A,B,..."))
    return name.strip(), wanted


def parse_threshold(text: str) -> ThresholdRule:
    """Return the rule of "youden", "0.5", "sensitivity=0.9" or "specificity=0.9"."""
    kind, equals, number = text.partition("=")
    if text == "youden":
        return ThresholdRule("youden")
    try:
        if not equals:
            return ThresholdRule("fixed", float(text))
        if kind == "sensitivity" and 0 < float(number) < 1:
            return ThresholdRule("sensitivity", float(number))
        if kind == "specificity" and 0 < float(number) < 1:
            return ThresholdRule("specificity", float(number))
    except ValueError:
        pass
    allowed = "Allowed: a number, youden, sensitivity=0.9, specificity=0.9."
    raise DataError(Problem("--threshold", f"{text!r} is no threshold", allowed))
