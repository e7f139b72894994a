import multiprocessing
import os
from pathlib import Path

import pytest

# One thread in each process, before anything opens a pool: the workers share the cores, and threads that wait for each
# other burn them.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

# What the server of all processes imports, whichever test starts it: what it is asked for first holds for the session,
# and a unit that must import torch by itself costs four seconds. Later wishes are narrower, hence the stand-in.
PRELOAD = ["ovcf_bench.data.decoding", "ovcf_bench.training.preload", "sklearn.linear_model", "sklearn.metrics"]
multiprocessing.set_forkserver_preload(PRELOAD)
multiprocessing.set_forkserver_preload = lambda modules: None

# Rooms whose tests start processes.
STARTING = {
    "cli", "data", "docs", "executors", "export", "images", "plugins", "predict", "runner", "scaffold", "sites",
    "testing", "training",
}  # fmt: skip

pytest_plugins = ["costs", "tiny"]


@pytest.fixture(scope="session")
def server():
    """What units import is imported, here and by the server from which the program forks its processes (50 ms each).

    The program imports it when it is needed, which the test that comes first would pay for.
    """
    from ovcf_bench.executors import Job, run_jobs, warm_up
    from ovcf_bench.training import preload  # noqa: F401

    warm_up(PRELOAD, threads=1)
    list(run_jobs([Job("ready", os.getenv, "HOME")], workers=1))  # until it has imported them


@pytest.fixture(autouse=True)
def _server_where_processes_start(request):
    if STARTING.intersection(request.path.relative_to(Path(__file__).parent).parts):
        request.getfixturevalue("server")
