"""What a run is told, and whom it tells; none of it changes a unit's key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ovcf_bench.hooks.contracts import UnitEvent
from ovcf_bench.images import ImageCache


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beyond the study. `command` and `study_file` are written into the records."""

    runs: Path
    cache: ImageCache
    key: Path | None = None
    workers: int = 1
    threads: int = 1
    device: str = "auto"
    fresh: bool = False
    command: str = ""
    study_file: str = ""


class Watch(Protocol):
    """Someone who watches a run: the terminal, a log, a tracker."""

    def say(self, text: str) -> None:
        """Hear one sentence about what happens next or has happened."""

    def stage(self, name: str, total: int) -> None:
        """Hear that a stage of `total` steps begins."""

    def advance(self, steps: int = 1) -> None:
        """Hear that the stage moved on."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Hear how far a dataset is with what it does."""

    def units(self, names: list[str], cached: int) -> None:
        """Hear which units are about to be trained, and how many are finished already."""

    def unit(self, event: UnitEvent) -> None:
        """Hear what happened to one unit."""


class Silent(Watch):
    """A watcher that says nothing, for use from Python."""
