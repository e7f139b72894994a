import os
import signal
import subprocess
import sys
import time

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.executors import Job, run_jobs


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
    path.touch()
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
    # In a process of its own: the server of this one may have been started by another test.
    code = (
        "import os\nfrom ovcf_bench.executors import Job, run_jobs, warm_up\n"
        "warm_up((), threads=1)\n"
        "(outcome,) = run_jobs([Job('threads', os.getenv, 'OMP_NUM_THREADS')], workers=1)\n"
        "print(outcome.result)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "1\n"


def test_stopping_early_ends_the_running_processes(tmp_path):
    begun = time.monotonic()
    jobs = run_jobs([Job("good", double, 1), Job("long", wait_long, tmp_path / "started")], workers=2)
    assert next(jobs).result == 2
    jobs.close()
    assert time.monotonic() - begun < 30
