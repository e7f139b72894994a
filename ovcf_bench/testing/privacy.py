"""Whether what a dataset tells of its images, for everybody to read, names a patient, an exam or an image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ovcf_bench.errors import DataError
from ovcf_bench.hooks.calls import problem_of
from ovcf_bench.testing.checks import ContractError, NotApplicable
from ovcf_bench.testing.dataset_trial import DatasetTrial, rows_of

_ABSENT = "there-is-no-such-file.png"
_IDS = ("patient_id", "exam_id", "image_id")
_TOLD = ("unusable", "place")  # columns that are shown
_SHORTEST_ID = 3  # letters: shorter ones stand in any sentence
_NUMBERED = re.compile(r"\b(row|line)s? \d+")  # of a table: that is how an image should be named
_FIX = "Say where the row stands (row 7 of labels.csv), never whose it is."


def missing_file(trial: DatasetTrial) -> None:
    """Look what `read` says of a file that is not there."""
    trial.needs_pixels()
    if trial.plugin.synthetic:
        raise NotApplicable("its images are computed")
    row = {**trial.sample[0], "source": _ABSENT}
    try:
        trial.dataset.read(row)
    except DataError as error:
        if told := next(_ids_in(str(error), row), ""):
            raise ContractError(f"the message for a missing file holds the {told}", _FIX) from error
    except Exception as error:
        fix = "Raise ovcf_bench.api.DataError(Problem(place, 'no such file')): a study may leave such images out."
        found = problem_of(error, trial.name, trial.dataset.read, told=False).found
        raise ContractError(f"a missing file raises {found}", fix) from error
    else:
        raise NotApplicable("`read` does not look at `source`")


def told_columns(trial: DatasetTrial) -> str:
    """Return how many images are told as unusable. Raises ContractError when their words hold an identifier."""
    shown = [name for name in _TOLD if name in trial.listed.columns]
    if "unusable" not in shown:
        raise NotApplicable("it lists no images as unusable")
    said = (trial.listed["unusable"].fillna("").astype(str) != "").to_numpy()
    for number, row in zip(np.flatnonzero(said) + 1, rows_of(trial.listed[said]), strict=True):
        for column in shown:
            if name := next(_ids_in(str(row[column]), row), ""):
                raise ContractError(f"`{column}` holds the {name} of its row, as in row {number} of the table", _FIX)
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
