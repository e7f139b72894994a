"""Whether a dataset is the same in another process: its ids, their order, fingerprints and pixels."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from ovcf_bench.errors import BenchError
from ovcf_bench.hooks.contracts import DatasetPlugin
from ovcf_bench.hooks.files import load_again, loaded_files
from ovcf_bench.testing.checks import ContractError, in_one_line
from ovcf_bench.testing.dataset_trial import DatasetTrial, Row, digest_of

Result = TypeVar("Result")
_SEED = "PYTHONHASHSEED"
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
        there = in_another_process(_see, trial.plugin, trial.params, trial.folder.resolve(), rows)
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


def _see(plugin: DatasetPlugin, params: Any, folder: Path, rows: Sequence[Row]) -> _Seen:
    trial = DatasetTrial(plugin, params, folder)
    prints = [trial.fingerprint(row) for row in rows]
    return _Seen(_ids(trial), prints, [digest_of(trial.read(row)) for row in rows])


def _reason(error: BaseException) -> str:
    if isinstance(error, BenchError):
        return in_one_line(error.problems[0])
    return error.seen if isinstance(error, ContractError) else "the process died"


def in_another_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Return function(*arguments) as a process with another hash seed finds it; raises what it raises there.

    Raises BrokenProcessPool when the process dies. Other processes of ovcf-bench are forked from one server and share
    its hash seed with each other, and with this process where PYTHONHASHSEED is set.
    """
    packed = pickle.dumps((function, arguments))
    # Plugin files that the arguments name must be loaded before they are unpacked.
    files = tuple(each for each in loaded_files() if each[0].encode() in packed)
    with _surroundings(), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result: Result = pool.submit(_unpack_and_call, files, packed).result()
        return result


@contextmanager
def _surroundings() -> Iterator[None]:
    """Set what a Python that is started meanwhile reads: a hash seed that is not ours, no modules from where it is."""
    wanted = {_SEED: "2" if os.environ.get(_SEED) == "1" else "1", "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def _unpack_and_call(files: tuple[tuple[str, str], ...], packed: bytes) -> Any:
    load_again(files)
    function, arguments = pickle.loads(packed)  # noqa: S301  packed by the process that started this one
    return function(*arguments)
