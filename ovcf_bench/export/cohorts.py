"""Writes cohorts as image files with a manifest, so that a study can be run again from files on disk."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ovcf_bench.errors import BenchError, DataError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.images import Pixels16, as_uint16
from ovcf_bench.vocabulary import EXPORTED

SPLITS, STUDY = "splits.csv", "study.yaml"
_MARK = "export.json"
_COLUMNS = ("patient_id", "exam_id", "image_id", "view", "label", "site", "path")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,199}")
_CHUNK = 256  # images after which an interrupt is heard at the latest


class Form(Protocol):
    """A kind of image file."""

    @property
    def suffix(self) -> str:
        """End of the file names, with its dot."""
        ...

    @property
    def words(self) -> str:
        """Everything that the files depend on besides the images."""
        ...

    def encode(self, image: Pixels16, row: Mapping[str, Any]) -> bytes:
        """Return the file of an image; row : patient_id, exam_id, image_id, view as they may be written."""
        ...

    def is_whole(self, path: Path) -> bool:
        """Whether such a file is there, from its first to its last bytes."""
        ...


@dataclass(frozen=True, slots=True)
class ExportedCohort:
    """What is written of a cohort: rows with ids as they may be written, and how the image of a row is read.

    table : patient_id, exam_id, image_id, view, label, site, then covariates; `read` takes the number of a row,
    in any thread.
    """

    table: pd.DataFrame
    read: Callable[[int], np.ndarray[Any, Any]]


def export_cohorts(
    cohorts: Mapping[str, ExportedCohort],
    splits: str,
    study: str,
    folder: Path,
    identity: str,
    form: Form,
    advance: Callable[[], None],
    workers: int,
) -> None:
    """Write every cohort to `folder`/NAME/ (images/, manifest.csv), then splits.csv and study.yaml.

    Rows keep their order. `identity` says what is exported: an export that was stopped goes
    on and keeps what is whole, any other folder with content is refused. Raises DataError with all images that
    cannot be read; the others are written.
    """
    manifests = {name: _manifest(name, cohort.table, form.suffix) for name, cohort in cohorts.items()}
    texts = {
        f"{name}/{EXPORTED}": manifest.to_csv(index=False, lineterminator="\n") for name, manifest in manifests.items()
    }
    texts |= {SPLITS: splits, STUDY: study}
    _claim(folder, hashlib.sha256(json.dumps([identity, form.words, texts]).encode()).hexdigest())
    problems: list[Problem] = []
    with ThreadPoolExecutor(workers) as pool:  # decoders and encoders work outside the interpreter's lock
        for name, cohort in cohorts.items():
            targets = [folder / name / path for path in manifests[name]["path"]]
            for found in _write_images(cohort, targets, form, pool):
                problems += found
                advance()
    if problems:
        raise DataError(*problems)
    for path, text in texts.items():
        write_atomically(folder / path, text)


def _manifest(name: str, table: pd.DataFrame, suffix: str) -> pd.DataFrame:
    unfit = [number for number, each in enumerate(table["image_id"], start=1) if not _FILE_NAME.fullmatch(str(each))]
    if unfit:
        allowed = "Allowed: letters, digits, '_', '-' and '.'."
        where = f"cohort {name!r}, row"
        raise DataError(*(Problem(f"{where} {number}", "image_id is no file name", allowed) for number in unfit))
    if table["image_id"].str.lower().duplicated().any():
        raise DataError(Problem(f"cohort {name!r}", "two images would have one file name"))
    complete = table.assign(path=[f"images/{image_id}{suffix}" for image_id in table["image_id"]])
    covariates = [column for column in complete.columns if column not in _COLUMNS]
    return complete[[*_COLUMNS, *covariates]]


def _claim(folder: Path, identity: str) -> None:
    """Take an empty folder, or one in which the same export was begun. Raises BenchError for any other."""
    mark = folder / _MARK
    content = json.dumps({"identity": identity}) + "\n"
    if folder.exists() and any(folder.iterdir()):
        if not mark.is_file() or mark.read_text("utf-8") != content:
            found = f"the folder {folder.name!r} holds something else"
            raise BenchError(Problem("--to", found, "Name an empty folder, or one of the same export."))
        return
    write_atomically(mark, content)


def _write_images(
    cohort: ExportedCohort, targets: list[Path], form: Form, pool: ThreadPoolExecutor
) -> Iterator[list[Problem]]:
    """Yield the problems of each image in order, an empty list for one that is there now."""
    rows = cohort.table.to_dict("records")

    def write(number: int) -> list[Problem]:
        if not form.is_whole(targets[number]):
            try:
                image = as_uint16(cohort.read(number))
            except DataError as error:
                return list(error.problems)
            write_atomically(targets[number], form.encode(image, {str(k): v for k, v in rows[number].items()}))
        return []

    for start in range(0, len(targets), _CHUNK):
        yield from pool.map(write, range(start, min(start + _CHUNK, len(targets))))
