"""Finished units, shared by all runs of a project folder. A unit without its last file never happened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically
from ovcf_bench.vocabulary import Unit

_LAST = "unit.json"


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """What unit.json says: the unit and its key, what went into it, and how it was made."""

    key: str
    unit: Unit
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
        said = {**asdict(record.unit), "key": record.key, "identity": record.identity, "made": record.made}
        write_atomically(self.unit_folder(record.key) / _LAST, json.dumps(said, indent=1, sort_keys=True) + "\n")

    def record(self, key: str) -> UnitRecord:
        """Return what is known of a finished unit; raises RecordError when unit.json cannot be read."""
        path = self.unit_folder(key) / _LAST
        try:
            said = json.loads(path.read_text("utf-8"))
            unit = Unit(said["arm"], said["repeat"], said["fold"])
            return UnitRecord(said["key"], unit, said["identity"], said["made"])
        except (OSError, ValueError, TypeError, KeyError) as error:
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
