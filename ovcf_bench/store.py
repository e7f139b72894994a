"""Finished units, shared by all runs of a project folder. A unit without its last file never happened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically

_LAST = "unit.json"


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """What unit.json says: the unit's key, what went into it, and how it was made."""

    key: str
    arm: str
    repeat: int
    fold: int
    identity: Mapping[str, Any]  # everything that the key is the hash of
    made: Mapping[str, Any]  # seconds, device, precision, threads, versions, class and parameters of the network


class Store:
    """Folders of units by key; what one process finishes, every other sees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def shared(self) -> Path:
        """Return the folder for what units compute from images alone (`api.FitContext`)."""
        return self.folder / ".shared"

    def unit_folder(self, key: str) -> Path:
        """Return the folder in which the unit is made and kept."""
        return self.folder / key

    def is_done(self, key: str) -> bool:
        """Whether the unit has been finished."""
        return (self.unit_folder(key) / _LAST).exists()

    def finish(self, record: UnitRecord) -> None:
        """Write unit.json: from now on the unit counts. All its other files must be on disk already."""
        text = json.dumps({name: getattr(record, name) for name in UnitRecord.__slots__}, indent=1, sort_keys=True)
        write_atomically(self.unit_folder(record.key) / _LAST, text + "\n")

    def record(self, key: str) -> UnitRecord:
        """Return what is known of a finished unit; raises RecordError when unit.json cannot be read."""
        path = self.unit_folder(key) / _LAST
        try:
            return UnitRecord(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            advice = "Delete this unit's folder; it is made again by the next run."
            raise RecordError(Problem(f"unit {key[:12]}", f"unit.json cannot be read ({error})", advice)) from error

    def records(self) -> Iterator[UnitRecord]:
        """Yield all finished units, oldest first."""
        if self.folder.is_dir():
            finished = [path for path in self.folder.glob(f"*/{_LAST}") if not path.parent.name.startswith(".")]
            for path in sorted(finished, key=lambda each: (each.stat().st_mtime_ns, each.parent.name)):
                yield self.record(path.parent.name)

    def read(self, key: str, name: str) -> bytes:
        """Return one file of a finished unit."""
        try:
            return (self.unit_folder(key) / name).read_bytes()
        except OSError as error:
            raise RecordError(Problem(f"unit {key[:12]}", f"{name} cannot be read ({error.strerror})")) from error

    def forget(self, key: str) -> None:
        """Remove a unit, finished or not: unit.json first, so that no half is ever taken for a whole."""
        folder = self.unit_folder(key)
        (folder / _LAST).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
