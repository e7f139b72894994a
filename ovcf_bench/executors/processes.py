"""Runs every job in a fresh process forked from a warm server, several at a time.

A process per job costs some 50 ms once the server has imported torch, and gives each job clean memory and clean
random states; one that is killed takes nobody with it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.hooks.files import load_again, loaded_files

Report = Callable[[Mapping[str, Any]], None]

_SAFE_PATH = "PYTHONSAFEPATH"
_METHOD = "spawn" if sys.platform == "win32" else "forkserver"  # fork after torch has been used is unsafe

# One thread pool per job, whatever library opens it; set before any of them is loaded.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True)
class Job:
    """A function of a module with its one argument; it may call `report` as often as it likes."""

    name: str
    function: Callable[[Any, Report], Any]
    argument: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its result, or the problems why there is none."""

    job: Job
    result: Any = None
    problems: tuple[Problem, ...] = ()

    @property
    def reason(self) -> str | None:
        """The problems in one line, or None."""
        return "; ".join(" ".join(str(each).split()) for each in self.problems) or None


@dataclass(slots=True)
class _Running:
    job: Job
    process: Any
    outcome: Outcome | None = None


def warm_up(preload: Sequence[str], threads: int) -> None:
    """Start the server that imports `preload` for all later jobs, and go on meanwhile.

    What the first call in a process asks for holds for all jobs of that process.
    """
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    if _METHOD == "forkserver":
        multiprocessing.set_forkserver_preload(list(preload))
        _start_server()


def _start_server() -> None:
    """Start the server unless it runs; a file of the working folder that is called like a module of Python's
    (random.py) must not be imported in its place.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        forkserver.ensure_running()
    finally:
        del os.environ[_SAFE_PATH]
        if before is not None:
            os.environ[_SAFE_PATH] = before


def run_jobs(
    jobs: Iterable[Job],
    *,
    workers: int,
    on_report: Callable[[Job, Mapping[str, Any]], None] = lambda job, values: None,
) -> Iterator[Outcome]:
    """Yield the outcomes of all jobs as they end, with at most `workers` processes at once.

    A job that raises, or whose process dies, gives an outcome with a reason; the others go on. When the caller
    stops iterating or is interrupted, the running processes are ended.
    """
    context: Any = multiprocessing.get_context(_METHOD)
    if _METHOD == "forkserver":
        _start_server()
    waiting = iter(jobs)
    running: dict[Connection, _Running] = {}
    try:
        while True:
            while len(running) < workers and (job := next(waiting, None)) is not None:
                receiver, sender = context.Pipe(duplex=False)
                packed = pickle.dumps(job)
                # Plugin files that the job names must be loaded before it is unpacked.
                files = tuple(each for each in loaded_files() if each[0].encode() in packed)
                process = context.Process(target=_work, args=(files, packed, sender), name=job.name)
                process.start()
                sender.close()
                running[receiver] = _Running(job, process)
            if not running:
                return
            for receiver in wait(list(running)):
                assert isinstance(receiver, Connection)
                if outcome := _receive(receiver, running[receiver], on_report):
                    del running[receiver]
                    yield outcome
    finally:
        for receiver, left in running.items():
            left.process.terminate()
            left.process.join()
            receiver.close()


def only_result(job: Job) -> Any:
    """Return the result of one job in a process of its own; raises what it failed with."""
    (outcome,) = run_jobs([job], workers=1)
    if outcome.problems:
        raise BenchError(*outcome.problems)
    return outcome.result


def _receive(
    receiver: Connection, running: _Running, on_report: Callable[[Job, Mapping[str, Any]], None]
) -> Outcome | None:
    """Take one message; return the outcome once the process has ended."""
    try:
        kind, value = receiver.recv()
    except (EOFError, ConnectionResetError):
        running.process.join()
        receiver.close()
        code = running.process.exitcode
        return running.outcome or Outcome(running.job, problems=(Problem("", _died(code)),))
    if kind == "report":
        on_report(running.job, value)
    elif kind == "result":
        running.outcome = Outcome(running.job, result=value)
    else:
        running.outcome = Outcome(running.job, problems=value)
    return None


def _died(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = " (often: the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"
    return f"its process ended with code {code}"


def _work(files: tuple[tuple[str, str], ...], packed: bytes, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle

    def send(kind: str, value: Any) -> None:
        try:
            sender.send((kind, value))
        except (BrokenPipeError, ConnectionResetError):
            os._exit(1)  # the main process is gone; so is the reason to go on

    try:
        load_again(files)
        job: Job = pickle.loads(packed)  # noqa: S301  packed by the process that started this one
        result = job.function(job.argument, lambda values: send("report", values))
    except BenchError as error:
        send("problems", error.problems)
    except OSError as error:  # its own words would name the file
        send("problems", (Problem("", f"{type(error).__name__}: {error.strerror}"),))
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a plugin or a library raises ends this job only
        trace = "".join(traceback.format_exception(error))
        send("problems", (Problem("", f"{type(error).__name__}: {error}", trace=trace),))
    else:
        send("result", result)
    with suppress(OSError):
        sender.close()
