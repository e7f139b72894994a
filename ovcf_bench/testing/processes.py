"""Runs a function in a fresh process, as the units of a run are."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from ovcf_bench.hooks.files import load_again, loaded_files

Argument = TypeVar("Argument")
Result = TypeVar("Result")
_SEED = "PYTHONHASHSEED"


def in_another_process(function: Callable[[Argument], Result], argument: Argument) -> Result:
    """Return function(argument) as a process with another hash seed finds it; raises what it raises there.

    Raises BrokenProcessPool when the process dies. Other processes of ovcf-bench are forked from one server and share
    its hash seed with each other, and with this process where PYTHONHASHSEED is set.
    """
    packed = pickle.dumps((function, argument))
    # Plugin files that the argument names must be loaded before it is unpacked.
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
    function, argument = pickle.loads(packed)  # noqa: S301  packed by the process that started this one
    return function(argument)
