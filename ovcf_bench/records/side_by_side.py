"""Several runs against the first of them, as typed values; field names are the names in side_by_side.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovcf_bench.records.folder import Record


@dataclass(frozen=True, slots=True)
class RunAuroc:
    """The AUROC of an arm on a set as a run found it, on n cases; None with the reason."""

    auroc: float | None
    ci: tuple[float, float] | None
    n: int
    reason: str


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run, known by its number (from 1) because two folders may be named alike.

    study, program : what differs from the first run in the study, and in profile, versions and machine, one line for
    each value; aurocs : by set and arm.
    """

    number: int
    name: str
    title: str
    synthetic: tuple[str, ...]
    study: tuple[str, ...]
    program: tuple[str, ...]
    aurocs: Mapping[str, Mapping[str, RunAuroc]]


@dataclass(frozen=True, slots=True)
class SharedSet:
    """A test set of the first run and another one: the arms that are tested in pairs, or none with the reason."""

    set: str
    run: int
    arms: tuple[str, ...]
    n: int
    reason: str

    @property
    def sentence(self) -> str:
        """What was tested, or why nothing was."""
        if self.reason:
            return f"{self.set}, run {self.run}: no test, because {self.reason}."
        return f"{self.set}, run {self.run}: the same {self.n} exams as in run 1; tested: {', '.join(self.arms)}."


@dataclass(frozen=True, slots=True)
class SideBySide:
    """All runs, and the test sets that each of them has in common with the first."""

    runs: tuple[ListedRun, ...]
    shared: tuple[SharedSet, ...]


SIDE_BY_SIDE: Record[SideBySide] = Record("side_by_side.json", SideBySide, "Run `ovcf-bench report RUN RUN` again.")
