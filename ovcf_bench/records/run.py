"""What a run, or a comparison of scores, records of itself: flow, checks, training, provenance, pictures."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.records.folder import FLAT, RUN_AGAIN, Record, RunFolder, gathering
from ovcf_bench.splits import LeakageProof
from ovcf_bench.vocabulary import CohortCounts, EligibilityStep, Unit


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many images could not be used for one reason."""

    reason: str
    images: int


@dataclass(frozen=True, slots=True)
class CohortFlow:
    """The images of a cohort that could not be used, and its ordered steps after them."""

    unusable: tuple[LeftOut, ...]
    steps: tuple[EligibilityStep, ...]


@dataclass(frozen=True, slots=True)
class SplitCounts(CohortCounts):
    """A split, the cohort that it was taken from, and how many of its exams have which views."""

    cohort: str
    exams_by_views: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """The participant flow; `unused` are eligible patients in no split, by cohort."""

    cohorts: Mapping[str, CohortFlow]
    splits: Mapping[str, SplitCounts]
    unused: Mapping[str, CohortCounts]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check of the data found: a sentence, and the table behind it (identifiers are pseudonyms)."""

    check: str
    level: Literal["ok", "warning", "error"]
    summary: str
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class UnitOutcome:
    """How one unit came about; status is done or failed."""

    unit: Unit = field(metadata=FLAT)
    key: str
    status: Literal["done", "failed"]
    reason: str
    seconds: float | None
    device: str | None
    precision: str | None

    _gathered = gathering(unit=Unit)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the run came from; `reduced` is what profile and --set changed against the study file.

    inputs : digest of all that the records depend on, None after a failure: such a run is tried again; readers : by
    arm, the names of several human readers.
    """

    project_version: str
    command: str
    study_file: str
    study_hash: str
    profile: str | None
    set: tuple[str, ...]
    reduced: tuple[str, ...]
    synthetic: tuple[str, ...]
    models: Mapping[str, Mapping[str, Any]]
    units: tuple[UnitOutcome, ...]
    versions: Mapping[str, str]
    python: str
    platform: str
    cores: int | None
    device: str
    threads: int
    workers: int
    seed: int
    seconds: float
    optimistic_checkpoint: bool
    training_version: int
    preprocessing_version: int
    declared: Mapping[str, bool]
    leakage: LeakageProof
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: str | None = None

    @property
    def failed(self) -> tuple[UnitOutcome, ...]:
        """The units that ended without scores."""
        return tuple(unit for unit in self.units if unit.status == "failed")


@dataclass(frozen=True, slots=True)
class Source:
    """The file that scores from elsewhere came from, and how it was understood."""

    project_version: str
    command: str
    file: str
    sha256: str
    rows: int
    read_as: tuple[str, ...]
    versions: Mapping[str, str]
    python: str
    platform: str
    cores: int | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """The mean training loss of one epoch of one network."""

    unit: Unit
    epoch: int
    loss: float


FLOW: Record[Flow] = Record("flow.json", Flow)
CHECKS: Record[tuple[CheckResult, ...]] = Record("checks.json", tuple[CheckResult, ...])
PROVENANCE: Record[Provenance] = Record("provenance.json", Provenance)
SOURCE: Record[Source] = Record("source.json", Source, "Run `ovcf-bench compare` again.")
HISTORY = "history.csv"


def read_history(folder: RunFolder) -> Iterator[Epoch]:
    """Yield the epochs whose loss was recorded. Raises RecordError for what is no such table."""
    try:
        for row in csv.DictReader(io.StringIO(folder.read_text(HISTORY))):
            loss = float(row["loss"] or "nan")
            if math.isfinite(loss):
                yield Epoch(Unit(row["arm"], int(row["repeat"]), int(row["fold"])), int(row["epoch"]), loss)
    except (KeyError, ValueError, TypeError) as error:
        found = f"not a table of epochs with arm, repeat, fold, epoch and loss ({error})"
        raise RecordError(Problem(f"run {folder.name}, {HISTORY}", found, RUN_AGAIN)) from error


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """One radiograph of the gallery: `picture` and `saliency` are data URIs; lesions (left, top, right, bottom)."""

    exam: str
    view: str
    picture: str
    saliency: str
    lesions: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class GalleryPictures:
    """The pictures of the gallery; `method` says how the maps over them were made, "" when there are none."""

    method: str
    images: tuple[GalleryImage, ...]


GALLERY: Record[GalleryPictures] = Record("gallery.json", GalleryPictures)  # absent when they must not leave the site


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image of a contact sheet: whose class it has, its pictures (caption, PNG) and its histogram of 32 bins."""

    split: str
    label: int
    view: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, bytes], ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Random images of every class and view, and pairs of images that look alike (words, two PNG)."""

    images: tuple[ShownImage, ...]
    alike: tuple[tuple[str, bytes, bytes], ...]
