import os
import signal
import subprocess
import sys
import time

import pytest

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.executors import Job, run_jobs

# What the libraries read that open pools of threads: OpenMP, MKL, OpenBLAS, Accelerate.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def double(number, report):
    report({"saw": number})
    return 2 * number


def fail(number, report):
    raise DataError(Problem("row 3", "is wrong"), Problem("row 4", "is wrong too"))


def crash(number, report):
    raise ValueError("broken")


def die(number, report):
    os.kill(os.getpid(), signal.SIGKILL)


def wait_long(path, report):
    part = path.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(path)
    time.sleep(60)


def test_results_and_reports_come_back():
    seen = []
    jobs = [Job(str(n), double, n) for n in range(5)]
    outcomes = list(run_jobs(jobs, workers=2, on_report=lambda job, values: seen.append((job.name, values["saw"]))))
    assert sorted(outcome.result for outcome in outcomes) == [0, 2, 4, 6, 8]
    assert sorted(seen) == [(str(n), n) for n in range(5)]


def test_a_failing_job_does_not_stop_the_others():
    jobs = [Job("fail", fail, 0), Job("crash", crash, 0), Job("die", die, 0), Job("good", double, 4)]
    outcomes = {outcome.job.name: outcome for outcome in run_jobs(jobs, workers=2)}
    assert outcomes["good"].result == 8
    assert len(outcomes["fail"].problems) == 2
    assert outcomes["crash"].reason == "ValueError: broken"
    assert "SIGKILL" in outcomes["die"].reason


def test_every_job_has_the_declared_number_of_threads():
    # In a process of its own: the server of this one may have been started by another test, and tests are given one
    # thread by their environment.
    code = (
        "import os\nfrom ovcf_bench.executors import Job, run_jobs, warm_up\n"
        "warm_up((), threads=3)\n"
        f"jobs = [Job(name, os.getenv, name) for name in {THREADS}]\n"
        "print(*sorted(f'{outcome.job.name}={outcome.result}' for outcome in run_jobs(jobs, workers=1)))\n"
    )
    bare = {name: value for name, value in os.environ.items() if name not in THREADS}
    found = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [f"{name}=3" for name in sorted(THREADS)]


def test_stopping_early_ends_the_running_processes(tmp_path):
    begun = time.monotonic()
    started = tmp_path / "started"
    jobs = run_jobs([Job("good", double, 1), Job("long", wait_long, started)], workers=2)
    assert next(jobs).result == 2
    while not started.exists():
        assert time.monotonic() - begun < 30
        time.sleep(0.01)
    jobs.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)  # asks only whether there is such a process
    assert time.monotonic() - begun < 30
