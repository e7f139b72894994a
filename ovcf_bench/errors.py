"""What can go wrong, told to the user: where, what was found, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

USER_MUST_ACT = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what was found, what is allowed. Never holds a patient's identifier.

    trace : the traceback of what a plugin raised, shown only on demand: it may hold anything.
    """

    where: str
    found: str
    allowed: str = ""
    trace: str = ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.found}" if self.where else self.found
        return f"{head}\n    {self.allowed}" if self.allowed else head


class BenchError(Exception):
    """Base of every error that the command line prints without a traceback.

    `problems` holds all that was found in one pass, so that the user mends everything at once.
    """

    exit_code = USER_MUST_ACT

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            problem if isinstance(problem, Problem) else Problem("", problem) for problem in problems
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[BenchError], tuple[Problem, ...]]:
        return type(self), self.problems  # errors travel between processes


class StudyError(BenchError):
    """The study file, a profile or a --set value is wrong."""


class DataError(BenchError):
    """A dataset's table or its images break the contract."""


class LeakError(BenchError):
    """A patient or an image stands on both sides of a border."""


class PluginError(BenchError):
    """A plugin is missing, broken, or asked for something it cannot do."""


class StatisticsError(BenchError):
    """A statistic is not defined for this input (one class, infinite scores)."""


class RecordError(BenchError):
    """A run folder lacks a record, or a record cannot be read."""


class UnitError(BenchError):
    """A unit ended without scores; the other units go on."""

    exit_code = 1


def did_you_mean(found: str, known: Sequence[str]) -> str:
    """Return "Did you mean 'x'?" for the closest of `known`, or an empty string."""
    close = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


def one_of(found: str, known: Iterable[str]) -> str:
    """Return the allowed values as a sentence, with a suggestion when one is close to what was found."""
    names = sorted(known)
    listed = ", ".join(repr(name) for name in names) or "(none)"
    return f"Allowed: {listed}. {did_you_mean(found, names)}".rstrip()
