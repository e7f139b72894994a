"""How and where a study runs; none of it changes a unit's key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
