"""Whether images with different pixels can be told apart by their fingerprints."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice, zip_longest

from ovcf_bench.testing.checks import ContractError
from ovcf_bench.testing.dataset_trial import DatasetTrial, digest_of, rows_of

_MOST_PAIRS = 8  # that are read


def fingerprints(trial: DatasetTrial) -> str:
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
        said = f"{seen}: {len(differing)} of {len(pairs)} pairs that were read, as rows {_numbers(differing[0])}"
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


def _numbers(pair: tuple[int, int]) -> str:
    return f"{pair[0] + 1} and {pair[1] + 1} of the table"
