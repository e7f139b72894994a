"""What trackers cost: time in their hook for one unit, as a share of the time that the unit trains.

    python benchmarks/trackers.py

The unit is the smallest that a study has in earnest: small_resnet of studies/paper.yaml with the quick profile (639
training images of 100 x 60 pixels, 10 epochs). Larger networks make the share smaller.
"""

import json
import os
import platform
import tempfile
import time
from pathlib import Path

from ovcf_bench import registry
from ovcf_bench.api import UnitEvent

RESULT = Path(__file__).parent / "results" / "trackers.json"
EPOCHS, UNITS = 10, 20


def unit_seconds() -> float:
    said = json.loads((Path(__file__).parents[1] / "reports" / "example" / "provenance.json").read_text())
    seconds = sorted(unit["seconds"] for unit in said["units"])
    return float(seconds[len(seconds) // 2])


def seconds_in_hook(variable: str) -> float:
    """Return the seconds that one unit's events take, over those with no tracker asked."""
    plugins = registry.load()

    def tell() -> float:
        begun = time.perf_counter()
        for unit in range(UNITS):
            arm = f"ap/net{unit}"
            plugins.notify(UnitEvent("start", arm, 0, 0))
            for epoch in range(1, EPOCHS + 1):
                values = {
                    "epoch": epoch,
                    "epochs": EPOCHS,
                    "loss": 0.5,
                    "learning_rate": 1e-3,
                    "images_per_second": 300,
                }
                plugins.notify(UnitEvent("epoch", arm, 0, 0, values))
            plugins.notify(UnitEvent("end", arm, 0, 0))
        return (time.perf_counter() - begun) / UNITS

    without = tell()
    with tempfile.TemporaryDirectory() as folder:
        os.environ[variable] = folder
        try:
            tell()  # imports, and the database is made
            return tell() - without
        finally:
            del os.environ[variable]


def main() -> None:
    unit = unit_seconds()
    found = {}
    for name, variable in (("tensorboard", "OVCF_BENCH_TENSORBOARD"), ("mlflow", "OVCF_BENCH_MLFLOW")):
        seconds = seconds_in_hook(variable)
        found[name] = {"seconds_per_unit": round(seconds, 4), "share_of_unit": round(seconds / unit, 5)}
        print(name, found[name])
    machine = {"system": platform.system(), "cores": os.cpu_count(), "python": platform.python_version()}
    RESULT.write_text(json.dumps({"unit_seconds": unit, **found, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
