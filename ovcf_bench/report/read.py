"""The records of a run folder as typed values, read in this one place."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ovcf_bench import records
from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.findings.side_by_side import SideBySide
from ovcf_bench.findings.values import SCHEMA, Findings
from ovcf_bench.records import RunFolder
from ovcf_bench.study import read_lock
from ovcf_bench.study.schema import PublishedSection

_ADVICE = "`ovcf-bench report RUN` makes findings.json anew; the other records are made by `ovcf-bench run`."
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a step of the flow holds; positives and negatives are patients by label, views are images."""

    patients: int
    images: int
    positives: int
    negatives: int
    views: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """An eligibility step; the first of a cohort has no rule and drops nobody."""

    reason: str
    rule: str
    dropped: Counts
    after: Counts


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many images could not be used for one reason."""

    reason: str
    images: int


@dataclass(frozen=True, slots=True)
class CohortFlow:
    """The ordered steps of a cohort, and the images that could not be used before them."""

    steps: tuple[Step, ...]
    unusable: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitCounts(Counts):
    """A split, the cohort that it was taken from, and how many of its exams have which views."""

    cohort: str
    exams_by_views: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """The participant flow; `unused` are eligible patients in no split, by cohort."""

    cohorts: Mapping[str, CohortFlow]
    splits: Mapping[str, SplitCounts]
    unused: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class Unit:
    """How one network came about; status is done or failed."""

    arm: str
    repeat: int
    fold: int
    key: str
    status: str
    reason: str
    seconds: float | None
    device: str | None
    precision: str | None

    @property
    def name(self) -> str:
        """Arm, fold and (after the first) repeat, counted from 1."""
        return f"{self.arm}, fold {self.fold + 1}" + (f", repeat {self.repeat + 1}" if self.repeat else "")


@dataclass(frozen=True, slots=True)
class Leakage:
    """The proof that no patient and no image stands on both sides of a border."""

    patients_checked: int
    images_checked: int
    statement: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the run came from; `reduced` is what profile and --set changed against the study file."""

    project_version: str
    command: str
    study_file: str
    study_hash: str
    profile: str | None
    reduced: tuple[str, ...]
    synthetic: tuple[str, ...]
    models: Mapping[str, Mapping[str, Any]]
    units: tuple[Unit, ...]
    versions: Mapping[str, str]
    python: str
    platform: str
    device: str
    threads: int
    workers: int
    seconds: float
    optimistic_checkpoint: bool
    training_version: int
    preprocessing_version: int
    leakage: Leakage


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


@dataclass(frozen=True, slots=True)
class Epoch:
    """The mean training loss of one epoch of one network."""

    arm: str
    repeat: int
    fold: int
    epoch: int
    loss: float


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What one check of the data found; level is ok or warning."""

    check: str
    level: str
    summary: str
    rows: tuple[Mapping[str, Any], ...]


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

    images: tuple[GalleryImage, ...]
    method: str


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Everything the page is made from. Only the findings must be there; what else is absent is None or empty."""

    findings: Findings
    flow: Flow | None
    provenance: Provenance | None
    source: Source | None
    history: tuple[Epoch, ...]
    checks: tuple[DataCheck, ...]
    gallery: GalleryPictures | None
    lock: str | None
    published: PublishedSection | None
    side_by_side: SideBySide | None = None


def read_run(run: Path) -> RunRecords:
    """Return the records of a run folder. Raises RecordError naming the record that is missing or broken."""
    folder = RunFolder(run)
    findings = _typed(folder, records.FINDINGS, Findings)
    if findings.schema != SCHEMA:
        found = f"schema {findings.schema}; this version reads schema {SCHEMA}"
        raise RecordError(Problem(_where(folder, records.FINDINGS), found, _ADVICE))
    lock = folder.read_text(records.LOCK) if folder.has(records.LOCK) else None
    return RunRecords(
        findings=findings,
        flow=_flow(folder, findings),
        provenance=_typed(folder, records.PROVENANCE, Provenance) if folder.has(records.PROVENANCE) else None,
        source=_typed(folder, records.SOURCE, Source) if folder.has(records.SOURCE) else None,
        history=tuple(_history(folder)) if folder.has(records.HISTORY) else (),
        checks=_typed(folder, records.CHECKS, tuple[DataCheck, ...]) if folder.has(records.CHECKS) else (),
        gallery=_typed(folder, records.GALLERY, GalleryPictures) if folder.has(records.GALLERY) else None,
        lock=lock,
        published=read_lock(lock).document.published if lock else None,
        side_by_side=_typed(folder, records.SIDE_BY_SIDE, SideBySide) if folder.has(records.SIDE_BY_SIDE) else None,
    )


def _typed(folder: RunFolder, name: str, kind: type[_Record]) -> _Record:
    """Return a JSON record as `kind`; fields that the page does not show are ignored."""
    try:
        return TypeAdapter(kind).validate_json(folder.read_text(name))
    except ValidationError as error:
        raise _broken(folder, name, error) from error


def _flow(folder: RunFolder, findings: Findings) -> Flow | None:
    """Return the flow that the findings carry; findings of scores from elsewhere have none."""
    if not findings.flow:
        return None
    try:
        return TypeAdapter(Flow).validate_python(findings.flow)
    except ValidationError as error:
        raise _broken(folder, f"{records.FINDINGS} (flow)", error) from error


def _broken(folder: RunFolder, name: str, error: ValidationError) -> RecordError:
    problems = [
        Problem(_where(folder, name), f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": "), _ADVICE)
        for each in error.errors(include_url=False, include_input=False)[:8]
    ]
    return RecordError(*problems)


def _where(folder: RunFolder, name: str) -> str:
    return f"run {folder.path.name}, {name}"


def _history(folder: RunFolder) -> Iterator[Epoch]:
    """Yield the epochs whose loss was recorded."""
    try:
        for row in csv.DictReader(io.StringIO(folder.read_text(records.HISTORY))):
            loss = float(row["loss"] or "nan")
            if math.isfinite(loss):
                yield Epoch(row["arm"], int(row["repeat"]), int(row["fold"]), int(row["epoch"]), loss)
    except (KeyError, ValueError, TypeError) as error:
        found = f"not a table of epochs with arm, repeat, fold, epoch and loss ({error})"
        raise RecordError(Problem(_where(folder, records.HISTORY), found, _ADVICE)) from error
