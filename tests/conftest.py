import os

import pytest

# One thread in each process, before anything opens a pool: the workers share the cores, and threads that wait for each
# other burn them.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

pytest_plugins = ["costs", "tiny"]


@pytest.fixture(scope="session")
def server():
    """The server from which the program forks its processes, with all that units import: each then costs some 50 ms.

    The program starts it with less, which a single test would pay for.
    """
    from ovcf_bench.executors import Job, run_jobs, warm_up

    modules = ("ovcf_bench.runner.decode", "ovcf_bench.training.preload", "sklearn.linear_model", "sklearn.metrics")
    warm_up(modules, threads=1)
    list(run_jobs([Job("ready", os.getenv, "HOME")], workers=1))  # until it has imported them
