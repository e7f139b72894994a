"""What trackers cost: processor seconds of their hook, once for a run and for one unit, beside what a unit takes.

    python benchmarks/trackers.py

Trackers are told by a thread of the main process, so that no unit waits for them; what they take is processor time.
The unit is the smallest that a study has in earnest: small_resnet of studies/paper.yaml with the quick profile (639
training images of 100 x 60 pixels, 10 epochs). Larger networks make the share smaller.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ovcf_bench.api import UnitEvent
from ovcf_bench.hooks import registry

RESULT = Path(__file__).parent / "results" / "trackers.json"
EPOCHS, UNITS = 10, 20
TRACKERS = {"tensorboard": "OVCF_BENCH_TENSORBOARD", "mlflow": "OVCF_BENCH_MLFLOW"}


def unit_seconds() -> float:
    """Return the median seconds of a unit of the example report."""
    said = json.loads((Path(__file__).parents[1] / "reports" / "example" / "provenance.json").read_text())
    seconds = sorted(unit["seconds"] for unit in said["units"])
    return float(seconds[len(seconds) // 2])


def told(plugins: registry.Registry, units: int) -> float:
    """Return the processor seconds that the events of some units take."""
    begun = time.process_time()
    for unit in range(units):
        arm = f"ap/net{unit}"
        problems = plugins.notify(UnitEvent("start", arm, 0, 0))
        for epoch in range(1, EPOCHS + 1):
            values = {"epoch": epoch, "epochs": EPOCHS, "loss": 0.5, "learning_rate": 1e-3, "images_per_second": 300}
            problems += plugins.notify(UnitEvent("epoch", arm, 0, 0, values))
        problems += plugins.notify(UnitEvent("end", arm, 0, 0))
        assert not problems, problems
    return time.process_time() - begun


def in_this_process(variable: str) -> dict[str, float]:
    """Return what one tracker takes; nothing of it may be imported yet."""
    plugins = registry.load()
    told(plugins, 1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[variable] = folder
        first = told(plugins, 1)  # imports, and the database is made
        each = told(plugins, UNITS) / UNITS
    return {"once_for_a_run": round(first - each, 2), "each_unit": round(each, 4)}


def main() -> None:
    """Measure every tracker in a process of its own."""
    if len(sys.argv) > 1:
        print(json.dumps(in_this_process(TRACKERS[sys.argv[1]])))
        return
    unit = unit_seconds()
    found = {}
    for name in TRACKERS:
        done = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        seconds = json.loads(done.stdout.splitlines()[-1])
        run = seconds["once_for_a_run"] + UNITS * seconds["each_unit"]
        shares = {
            "share_of_unit": round(seconds["each_unit"] / unit, 5),
            f"share_of_a_run_of_{UNITS}_units": round(run / (UNITS * unit), 5),
        }
        found[name] = {"processor_seconds": seconds, **shares}
        print(name, found[name])
    machine = {"system": platform.system(), "cores": os.cpu_count(), "python": platform.python_version()}
    RESULT.write_text(json.dumps({"unit_seconds": unit, **found, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
