"""What every dataset plugin must do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ovcf_bench.errors import DataError
from ovcf_bench.hooks.contracts import DatasetPlugin, Params, is_reserved
from ovcf_bench.images import as_uint16
from ovcf_bench.testing.checks import Check, ContractError
from ovcf_bench.testing.dataset_trial import DatasetTrial, digest_of
from ovcf_bench.testing.elsewhere import elsewhere
from ovcf_bench.testing.fingerprints import fingerprints
from ovcf_bench.testing.privacy import missing_file, told_columns
from ovcf_bench.vocabulary import EXAM_COLUMNS

_SHORTEST_CARD = 80  # letters


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


_CONTRACTS: tuple[tuple[str, str, Callable[[DatasetTrial], str | None]], ...] = (
    ("exam table", f"exams() has one row per image, with {', '.join(EXAM_COLUMNS)}; image_id unique", _table),
    ("labels", "label is 0 or 1, the same for all images of an exam, and both occur", _both_labels),
    ("same table again", "opening twice gives the same rows in the same order", _same_again),
    ("views of a patient", "views of one examination share exam_id and patient_id", _ids_are_no_numbers_of_rows),
    ("pixels", "read() gives (height, width), uint8, uint16, or float from 0 to 1, bone bright", _pixels),
    ("reading is pure", "read() depends on its row alone", _pure),
    ("another process", "another process lists the same ids in the same order, and reads the same bytes", elsewhere),
    ("fingerprints", "fingerprint() is a text that is stable, and differs where pixels differ", fingerprints),
    ("missing file", "a missing file is a DataError that names no patient", missing_file),
    ("unusable images", "`unusable` and `place` name no patient, exam or image", told_columns),
    ("card", "the plugin says what its data are and what its label means", _card),
)
