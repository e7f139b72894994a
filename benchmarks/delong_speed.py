"""Paired DeLong at n = 1,000,000 against its floor: two argsorts of the same scores, timed in one run.

    python benchmarks/delong_speed.py

Target: at most 16 times the floor. Writes benchmarks/results/delong_speed.json.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

from ovcf_bench.stats.delong import compare_paired

CASES = 1_000_000
ROUNDS = 7
TARGET = 16.0
RESULT = Path(__file__).parent / "results" / "delong_speed.json"


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    rng = np.random.default_rng(1988)
    labels = rng.random(CASES) < 0.5
    first = rng.standard_normal(CASES) + 1.9 * labels
    second = rng.standard_normal(CASES) + 2.3 * labels
    floor, test = [], []
    for _ in range(ROUNDS):  # interleaved, so that a busy machine slows both
        floor.append(seconds(lambda: (np.argsort(first), np.argsort(second))))
        test.append(seconds(lambda: compare_paired(labels, first, second, name="benchmark")))
    result = {
        "cases": CASES,
        "rounds": ROUNDS,
        "two_argsorts_s": min(floor),
        "paired_delong_s": min(test),
        "ratio": min(test) / min(floor),
        "target": TARGET,
        "machine": {"cores": os.cpu_count(), "processor": processor(), "system": platform.system()},
        "versions": {"python": platform.python_version(), "numpy": version("numpy"), "scipy": version("scipy")},
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(
        f"paired DeLong {result['paired_delong_s']:.3f} s, two argsorts {result['two_argsorts_s']:.3f} s, "
        f"ratio {result['ratio']:.1f} (target: at most {TARGET:g})"
    )


if __name__ == "__main__":
    main()
