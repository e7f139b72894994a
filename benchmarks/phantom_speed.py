"""Rendering time of the phantom on one core, both fields and both views.

    OMP_NUM_THREADS=1 python benchmarks/phantom_speed.py

Targets at 320x200 on a fast core: AP 6 ms, lateral 3.5 ms. Writes benchmarks/results/phantom_speed.json.
"""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from ovcf_plugins.datasets.phantom import PhantomParams
from ovcf_plugins.datasets.phantom.dataset import PhantomDataset
from ovcf_plugins.datasets.phantom.presets import VIEWS

PATIENTS = 60
ROUNDS = 5
TARGET_MS = {"ap": 6.0, "lateral": 3.5}
RESULT = Path(__file__).parent / "results" / "phantom_speed.json"


def image_ms(dataset: PhantomDataset, view: str) -> dict[str, float]:
    """Return the median over patients of one image: of all rounds, and of each patient's quickest round."""
    rows = [{"source": str(index), "view": view} for index in range(PATIENTS)]
    times = []
    for row in rows:
        dataset.read(row)
        times.append([elapsed_ms(lambda row=row: dataset.read(row)) for _ in range(ROUNDS)])
    return {
        "median": round(median(time for rounds in times for time in rounds), 2),
        "median_of_quickest": round(median(min(rounds) for rounds in times), 2),
    }


def elapsed_ms(work) -> float:
    start = perf_counter()
    work()
    return 1e3 * (perf_counter() - start)


def processor() -> dict[str, object]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "cores": os.cpu_count(),
        "processor": facts.get("model name", platform.machine()),
        "cpu_family": facts.get("cpu family", ""),
        "system": platform.system(),
    }


def main() -> None:
    images = {}
    for field, size in (("coned", "320x192"), ("full", "320x200")):
        dataset = PhantomDataset(PhantomParams(patients=PATIENTS, field=field))
        images[f"{field} {size}"] = {view: image_ms(dataset, view) for view in VIEWS}
    study = PhantomDataset(PhantomParams(patients=1507, ineligible=200))
    result = {
        "images": PATIENTS,
        "rounds": ROUNDS,
        "ms_per_image": images,
        "target_ms_on_a_fast_core": TARGET_MS,
        "exam_table_of_1707_patients_s": round(elapsed_ms(study.exams) / 1e3, 2),
        "machine": processor(),
        "versions": {"python": platform.python_version(), "numpy": version("numpy")},
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
