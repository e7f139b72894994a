"""What every dataset plugin must do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.api import Dataset, DatasetPlugin, Params, is_reserved, silent
from ovcf_bench.cohort import check_exams, list_exams, open_dataset, separate
from ovcf_bench.errors import DataError
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.images import as_uint16
from ovcf_bench.plugin_calls import calling
from ovcf_bench.testing.checks import Check, ContractError, NotApplicable
from ovcf_bench.vocabulary import EXAM_COLUMNS

_SAMPLE = 8  # images that are read
_ABSENT = "there-is-no-such-file.png"
_SHORTEST_CARD = 80  # letters
_IDS = ("patient_id", "exam_id", "image_id")


@dataclass
class _Trial:
    """A dataset that is being tried; what is slow is done once."""

    plugin: DatasetPlugin
    params: Any
    folder: Path

    def open(self) -> Dataset:
        return open_dataset(self.plugin, self.params, self.folder, told=True)

    def table_of(self, dataset: Dataset) -> pd.DataFrame:
        return list_exams(self.plugin, dataset, silent, told=True)

    @cached_property
    def dataset(self) -> Dataset:
        return self.open()

    @cached_property
    def listed(self) -> pd.DataFrame:
        return self.table_of(self.dataset)

    @cached_property
    def exams(self) -> pd.DataFrame:
        usable, _ = separate(self.listed, f"dataset {self.plugin.name!r}")
        return check_exams(usable, f"dataset {self.plugin.name!r}")

    @cached_property
    def sample(self) -> list[dict[str, Any]]:
        """A few rows of both labels, spread over the table, as `read` takes them."""
        at = np.unique(np.linspace(0, len(self.exams) - 1, _SAMPLE).astype(int))
        return [{str(name): value for name, value in row.items()} for row in self.exams.iloc[at].to_dict("records")]

    def needs_pixels(self) -> None:
        if not self.plugin.pixels:
            raise NotApplicable("its cases have no images")

    def read(self, row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        with calling(f"dataset {self.plugin.name!r}", self.dataset.read):
            return self.dataset.read(row)


def dataset_checks(plugin: DatasetPlugin, params: Params, folder: Path) -> list[Check]:
    """Return the checks of a dataset with these parameters; relative paths start at `folder`."""
    trial = _Trial(plugin, params, folder)
    return [
        Check(f"dataset {plugin.name!r}", name, contract, partial(look, trial)) for name, contract, look in _CONTRACTS
    ]


def _table(trial: _Trial) -> str:
    table = trial.exams
    patients, positives = table["patient_id"].nunique(), int((table["label"] == 1).sum())
    reserved = [str(each) for each in table.columns if is_reserved(str(each)) and each not in EXAM_COLUMNS]
    beside = [str(each) for each in table.columns if not is_reserved(str(each))]
    said = f", covariates {', '.join(beside)}" if beside else ""
    told = f", {', '.join(reserved)}" if reserved else ""
    return f"{len(table)} images of {patients} patients, {positives} positive{said}{told}"


def _both_labels(trial: _Trial) -> str:
    counts = trial.exams.drop_duplicates("exam_id")["label"].value_counts()
    if len(counts) < 2:
        raise ContractError(f"every label is {counts.index[0]}", "Label 1 what is to be found, 0 what is not.")
    return f"{counts[1]} exams with label 1, {counts[0]} with 0"


def _same_again(trial: _Trial) -> None:
    again = trial.table_of(trial.open())
    if not again.equals(trial.listed):
        where = "order or number of rows" if len(again) != len(trial.listed) else "values or the order of rows"
        advice = "Sort by a column, and draw random numbers from a fixed seed: np.random.default_rng(seed)."
        raise ContractError(f"two openings list different tables ({where})", advice)


def _ids_are_no_numbers_of_rows(trial: _Trial) -> str:
    table = trial.exams
    fewest = table.groupby("patient_id")["exam_id"].nunique()
    views = table.groupby("exam_id")["view"].nunique()
    several = int((views > 1).sum())
    if table["view"].nunique() > 1 and not several:
        seen = f"{table['view'].nunique()} views, and no exam has more than one of them"
        raise ContractError(
            seen, "Give the views of one examination the same exam_id and patient_id: comparisons are paired."
        )
    return f"{several} of {len(views)} exams have several views; up to {fewest.max()} exams per patient"


def _pixels(trial: _Trial) -> str:
    trial.needs_pixels()
    shapes = set()
    for number, row in enumerate(trial.sample, start=1):
        image = trial.read(row)
        try:
            levels = as_uint16(image)
        except DataError as error:
            problem = error.problems[0]
            raise ContractError(f"image {number} of the sample {problem.found}", problem.allowed) from error
        if levels.min() == levels.max():
            raise ContractError(f"image {number} of the sample has one brightness only", "Does `read` scale rightly?")
        shapes.add(image.shape)
    return f"{len(trial.sample)} images read, from {min(shapes)} to {max(shapes)} pixels"


def _bytes(image: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def _pure(trial: _Trial) -> None:
    trial.needs_pixels()
    first = [_bytes(trial.read(row)) for row in trial.sample]
    again = [_bytes(trial.read(row)) for row in reversed(trial.sample)][::-1]
    if first != again:
        changed = sum(a != b for a, b in zip(first, again, strict=True))
        fix = "`read` must be a function of its row alone: no state, no random numbers without a seed of the row."
        raise ContractError(f"{changed} of {len(first)} images differ when read a second time, in another order", fix)


def _elsewhere(trial: _Trial) -> None:
    trial.needs_pixels()
    argument = (trial.plugin, trial.params, trial.folder.resolve(), trial.sample)
    (outcome,) = run_jobs([Job("read", _read_here, argument)], workers=1)
    if outcome.problems:
        raise ContractError(outcome.reason or "", "Everything that `read` needs must come from params, folder and row.")
    if outcome.result != [_bytes(trial.read(row)) for row in trial.sample]:
        raise ContractError(
            "another process reads other pixels", "Do not use hash(), time, or state that the process holds."
        )


def _read_here(
    argument: tuple[DatasetPlugin, Params, Path, Sequence[Mapping[str, Any]]], report: Callable[..., None]
) -> list[str]:
    plugin, params, folder, rows = argument
    dataset = plugin.open(params, folder)
    return [_bytes(dataset.read(row)) for row in rows]


def _fingerprints(trial: _Trial) -> None:
    trial.needs_pixels()
    made = [trial.dataset.fingerprint(row) for row in trial.sample]
    if not all(isinstance(each, str) and each for each in made):
        raise ContractError(
            f"a fingerprint is {made[0]!r}", "Return a text: for files path, size and modification time."
        )
    if made != [trial.open().fingerprint(row) for row in trial.sample]:
        raise ContractError(
            "a fingerprint changes although nothing else did", "Build it from what identifies the pixels."
        )
    pixels = [_bytes(trial.read(row)) for row in trial.sample]
    if len(set(made)) < len(set(pixels)):
        raise ContractError("images with different pixels share a fingerprint", "Only equal pixels may share one.")


def _missing_file(trial: _Trial) -> None:
    trial.needs_pixels()
    if trial.plugin.synthetic:
        raise NotApplicable("its images are computed")
    row = {**trial.sample[0], "source": _ABSENT}
    try:
        trial.dataset.read(row)
    except DataError as error:
        told = [name for name in _IDS if len(str(row[name])) > 2 and str(row[name]) in str(error)]
        if told:
            fix = "Say where the row stands (row 7 of labels.csv), never whose it is."
            raise ContractError(f"the message for a missing file holds the {told[0]}", fix) from error
    except Exception as error:
        fix = "Raise ovcf_bench.api.DataError(Problem(place, 'no such file')): a study may leave such images out."
        raise ContractError(f"a missing file raises {type(error).__name__}", fix) from error
    else:
        raise NotApplicable("`read` does not look at `source`")


def _card(trial: _Trial) -> None:
    if len(trial.plugin.card.strip()) < _SHORTEST_CARD:
        seen = f"the card has {len(trial.plugin.card.strip())} letters"
        raise ContractError(seen, "Set card=: source, licence, access, what the label means, traps.")
    if not trial.plugin.summary:
        raise ContractError("there is no summary", "Set summary= to one line for `plugins list`.")


_CONTRACTS: tuple[tuple[str, str, Callable[[_Trial], str | None]], ...] = (
    ("exam table", f"exams() has one row per image, with {', '.join(EXAM_COLUMNS)}; image_id unique", _table),
    ("labels", "label is 0 or 1, the same for all images of an exam, and both occur", _both_labels),
    ("same table again", "opening twice gives the same rows in the same order", _same_again),
    ("views of a patient", "views of one examination share exam_id and patient_id", _ids_are_no_numbers_of_rows),
    ("pixels", "read() gives (height, width), uint8, uint16, or float from 0 to 1, bone bright", _pixels),
    ("reading is pure", "read() depends on its row alone", _pure),
    ("another process", "another process reads the same bytes", _elsewhere),
    ("fingerprints", "fingerprint() is a text that is stable, and differs where pixels differ", _fingerprints),
    ("missing file", "a missing file is a DataError that names no patient", _missing_file),
    ("card", "the plugin says what its data are and what its label means", _card),
)
