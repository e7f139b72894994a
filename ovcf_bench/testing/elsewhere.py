"""Whether a dataset is the same in another process: its ids, their order, fingerprints and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ovcf_bench.errors import BenchError
from ovcf_bench.hooks.contracts import DatasetPlugin
from ovcf_bench.testing.checks import ContractError, in_one_line
from ovcf_bench.testing.dataset_trial import DatasetTrial, Row, digest_of
from ovcf_bench.testing.processes import in_another_process

_FIX = "Do not use hash(), the order of a set, time, or state that the process holds."
_NEEDS = "Everything that the dataset needs must come from params, folder and row."


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one process sees of a dataset: the ids of all rows; fingerprints and pixels of the sample."""

    ids: list[tuple[str, ...]]
    fingerprints: list[str]
    pixels: list[str]


def elsewhere(trial: DatasetTrial) -> str:
    """Return what was compared. Raises ContractError when another process sees something else."""
    rows = trial.sample if trial.plugin.pixels else []
    here = _Seen(_ids(trial), [trial.fingerprint(row) for row in rows], trial.digests if rows else [])
    try:
        there = in_another_process(_see, (trial.plugin, trial.params, trial.folder.resolve(), rows))
    except (BenchError, ContractError, BrokenProcessPool) as error:
        raise ContractError(f"it works here, and in another process not: {_reason(error)}", _NEEDS) from error
    for seen, differs in (
        ("lists other ids", sorted(here.ids) != sorted(there.ids)),
        ("lists its rows in another order", here.ids != there.ids),
        ("gives other fingerprints", here.fingerprints != there.fingerprints),
        ("reads other pixels", here.pixels != there.pixels),
    ):
        if differs:
            raise ContractError(f"another process {seen}", _FIX)
    return f"{len(here.ids)} ids in the same order, {len(rows)} images"


def _ids(trial: DatasetTrial) -> list[tuple[str, ...]]:
    columns = ["patient_id", "exam_id", "image_id", "view", "site"]
    return list(trial.exams[columns].itertuples(index=False, name=None))


def _see(argument: tuple[DatasetPlugin, Any, Path, Sequence[Row]]) -> _Seen:
    plugin, params, folder, rows = argument
    trial = DatasetTrial(plugin, params, folder)
    prints = [trial.fingerprint(row) for row in rows]
    return _Seen(_ids(trial), prints, [digest_of(trial.read(row)) for row in rows])


def _reason(error: BaseException) -> str:
    if isinstance(error, BenchError):
        return in_one_line(error.problems[0])
    return error.seen if isinstance(error, ContractError) else "the process died"
