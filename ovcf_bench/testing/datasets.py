"""What every dataset plugin must do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.errors import DataError
from ovcf_bench.hooks.calls import problem_of
from ovcf_bench.hooks.contracts import DatasetPlugin, Params, is_reserved
from ovcf_bench.images import as_uint16
from ovcf_bench.testing.checks import Check, ContractError, NotApplicable
from ovcf_bench.testing.dataset_trial import DatasetTrial, digest_of, rows_of
from ovcf_bench.testing.elsewhere import elsewhere
from ovcf_bench.vocabulary import EXAM_COLUMNS

_SHORTEST_CARD = 80  # letters
_MOST_PAIRS = 8  # of images that share a fingerprint, that are read
_ABSENT = "there-is-no-such-file.png"
_IDS = ("patient_id", "exam_id", "image_id")
_TOLD = ("unusable", "place")  # columns that are shown
_SHORTEST_ID = 3  # letters: shorter ones stand in any sentence
_NUMBERED = re.compile(r"\b(row|line)s? \d+")  # of a table: that is how an image should be named
_NAME_NOBODY = "Say where the row stands (row 7 of labels.csv), never whose it is."


def dataset_checks(plugin: DatasetPlugin, params: Params, folder: Path) -> list[Check]:
    """Return the checks of a dataset with these parameters; relative paths start at `folder`."""
    trial = DatasetTrial(plugin, params, folder)
    return [Check(trial.name, name, contract, partial(look, trial), plugin.open) for name, contract, look in _CONTRACTS]


def _table(trial: DatasetTrial) -> str:
    table = trial.exams
    patients, positives = table["patient_id"].nunique(), int((table["label"] == 1).sum())
    reserved = [str(each) for each in table.columns if is_reserved(str(each)) and each not in EXAM_COLUMNS]
    beside = [str(each) for each in table.columns if not is_reserved(str(each))]
    said = f", covariates {', '.join(beside)}" if beside else ""
    told = f", {', '.join(reserved)}" if reserved else ""
    return f"{len(table)} images of {patients} patients, {positives} positive{said}{told}"


def _both_labels(trial: DatasetTrial) -> str:
    counts = trial.exams.drop_duplicates("exam_id")["label"].value_counts()
    if len(counts) < 2:
        raise ContractError(f"every label is {counts.index[0]}", "Label 1 what is to be found, 0 what is not.")
    return f"{counts[1]} exams with label 1, {counts[0]} with 0"


def _same_again(trial: DatasetTrial) -> None:
    again = trial.table_of(trial.open())
    if not again.equals(trial.listed):
        where = "order or number of rows" if len(again) != len(trial.listed) else "values or the order of rows"
        advice = "Sort by a column, and draw random numbers from a fixed seed: np.random.default_rng(seed)."
        raise ContractError(f"two openings list different tables ({where})", advice)


def _ids_are_no_numbers_of_rows(trial: DatasetTrial) -> str:
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


def _pixels(trial: DatasetTrial) -> str:
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


def _pure(trial: DatasetTrial) -> None:
    trial.needs_pixels()
    again = [digest_of(trial.read(row)) for row in reversed(trial.sample)][::-1]
    if trial.digests != again:
        changed = sum(a != b for a, b in zip(trial.digests, again, strict=True))
        fix = "`read` must be a function of its row alone: no state, no random numbers without a seed of the row."
        raise ContractError(f"{changed} of {len(again)} images differ when read a second time, in another order", fix)


def _card(trial: DatasetTrial) -> None:
    if len(trial.plugin.card.strip()) < _SHORTEST_CARD:
        seen = f"the card has {len(trial.plugin.card.strip())} letters"
        raise ContractError(seen, "Set card=: source, licence, access, what the label means, traps.")
    if not trial.plugin.summary:
        raise ContractError("there is no summary", "Set summary= to one line for `plugins list`.")


def _fingerprints(trial: DatasetTrial) -> str:
    """Return how many fingerprints there are. Raises ContractError when they change, or hide a difference."""
    trial.needs_pixels()
    made = [trial.fingerprint(row) for row in trial.sample]
    again = trial.open()
    if made != [trial.fingerprint(row, again) for row in trial.sample]:
        raise ContractError(
            "a fingerprint changes although nothing else did", "Build it from what identifies the pixels."
        )
    places = defaultdict(list)
    for place, row in enumerate(trial.rows()):
        places[trial.fingerprint(row)].append(place)
    pairs = _pairs_of([group for group in places.values() if len(group) > 1])
    differing = [pair for pair in pairs if _differ(trial, pair)]
    if differing:
        seen = "images with different pixels share a fingerprint"
        first, second = differing[0]
        rows = f"{first + 1} and {second + 1} of the table"
        said = f"{seen}: {len(differing)} of {len(pairs)} pairs that were read, as rows {rows}"
        fix = "Only equal pixels may share one: put in whatever tells images apart, the view too."
        raise ContractError(said, fix)
    shared = f"; {len(pairs)} pairs that share one have equal pixels" if pairs else ""
    return f"{len(places)} fingerprints of {len(trial.exams)} images{shared}"


def _pairs_of(groups: list[list[int]]) -> list[tuple[int, int]]:
    """Return a few pairs of rows that share a fingerprint, from as many groups as possible."""
    # The last rows of a group first: neighbours are the likeliest to be the same image twice.
    of_each = [[(group[0], other) for other in group[:0:-1][:_MOST_PAIRS]] for group in groups[:_MOST_PAIRS]]
    in_turn = (pair for turn in zip_longest(*of_each) for pair in turn if pair is not None)
    return list(islice(in_turn, _MOST_PAIRS))


def _differ(trial: DatasetTrial, pair: tuple[int, int]) -> bool:
    first, second = rows_of(trial.exams.iloc[list(pair)])
    return digest_of(trial.read(first)) != digest_of(trial.read(second))


def _missing_file(trial: DatasetTrial) -> None:
    """Look what `read` says of a file that is not there."""
    trial.needs_pixels()
    if trial.plugin.synthetic:
        raise NotApplicable("its images are computed")
    row = {**trial.sample[0], "source": _ABSENT}
    try:
        trial.dataset.read(row)
    except DataError as error:
        if told := next(_ids_in(str(error), row), ""):
            raise ContractError(f"the message for a missing file holds the {told}", _NAME_NOBODY) from error
    except Exception as error:
        fix = "Raise ovcf_bench.api.DataError(Problem(place, 'no such file')): a study may leave such images out."
        found = problem_of(error, trial.name, trial.dataset.read, told=False).found
        raise ContractError(f"a missing file raises {found}", fix) from error
    else:
        raise NotApplicable("`read` does not look at `source`")


def _told_columns(trial: DatasetTrial) -> str:
    """Return how many images are told as unusable. Raises ContractError when their words hold an identifier."""
    shown = [name for name in _TOLD if name in trial.listed.columns]
    if "unusable" not in shown:
        raise NotApplicable("it lists no images as unusable")
    said = (trial.listed["unusable"].fillna("").astype(str) != "").to_numpy()
    for number, row in zip(np.flatnonzero(said) + 1, rows_of(trial.listed[said]), strict=True):
        for column in shown:
            if name := next(_ids_in(str(row[column]), row), ""):
                raise ContractError(
                    f"`{column}` holds the {name} of its row, as in row {number} of the table", _NAME_NOBODY
                )
    return f"{said.sum()} unusable images"


def _ids_in(text: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns whose identifier stands in a text; the number of a row is none."""
    text = _NUMBERED.sub("", text)
    for name in _IDS:
        value = str(row.get(name, ""))
        # A number within a longer one is another number.
        pattern = rf"(?<!\d){value}(?!\d)" if value.isdigit() else re.escape(value)
        if len(value) >= _SHORTEST_ID and re.search(pattern, text):
            yield name


_CONTRACTS: tuple[tuple[str, str, Callable[[DatasetTrial], str | None]], ...] = (
    ("exam table", f"exams() has one row per image, with {', '.join(EXAM_COLUMNS)}; image_id unique", _table),
    ("labels", "label is 0 or 1, the same for all images of an exam, and both occur", _both_labels),
    ("same table again", "opening twice gives the same rows in the same order", _same_again),
    ("views of a patient", "views of one examination share exam_id and patient_id", _ids_are_no_numbers_of_rows),
    ("pixels", "read() gives (height, width), uint8, uint16, or float from 0 to 1, bone bright", _pixels),
    ("reading is pure", "read() depends on its row alone", _pure),
    ("another process", "another process lists the same ids in the same order, and reads the same bytes", elsewhere),
    ("fingerprints", "fingerprint() is a text that is stable, and differs where pixels differ", _fingerprints),
    ("missing file", "a missing file is a DataError that names no patient", _missing_file),
    ("unusable images", "`unusable` and `place` name no patient, exam or image", _told_columns),
    ("card", "the plugin says what its data are and what its label means", _card),
)
