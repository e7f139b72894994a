import os

import pytest

pytest_plugins = ["costs", "tiny"]


@pytest.fixture(scope="session")
def server():
    """The server from which the program forks its processes, with all that units import: each then costs some 50 ms.

    The program starts it with less, which a single test would pay for.
    """
    from ovcf_bench.executors import Job, run_jobs, warm_up

    modules = ("ovcf_bench.runner.decode", "ovcf_bench.training.preload", "sklearn.linear_model", "sklearn.metrics")  # fmt: skip
    warm_up(modules, threads=1)
    list(run_jobs([Job("ready", os.getenv, "HOME")], workers=1))  # until it has imported them
