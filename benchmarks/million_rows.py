"""Time and memory of `check --no-pixels` on a manifest of 1,000,000 images: limits 10 s and 2 GB.

Run: python benchmarks/million_rows.py. Writes benchmarks/results/million_rows.json.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ovcf_bench.provenance import machine

N = 1_000_000
RESULT = Path(__file__).parent / "results" / "million_rows.json"
STUDY = """\
schema: 1
title: A million images
cohorts: {all: {dataset: manifest, params: {path: manifest.csv, verify: existence}}}
eligibility: [{drop: {column: age, below: 40}, reason: Younger than 40}]
splits: {development: {from: all, positives: 100000, negatives: 100000}, internal: {from: all}, folds: 5}
models: {tiny: {model: timm, params: {architecture: test_resnet}}}
arms: {views: [ap, lateral]}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images").mkdir()
        for number in range(N):
            (folder / "images" / f"{number}.png").touch()
        patients = np.arange(N) // 2
        table = {"patient_id": np.char.add("p", patients.astype(str)), "view": np.tile(["ap", "lateral"], N // 2)}
        table |= {"label": patients % 2, "path": [f"images/{number}.png" for number in range(N)]}
        pd.DataFrame({**table, "age": 30 + patients % 60}).to_csv(folder / "manifest.csv", index=False)
        (folder / "study.yaml").write_text(STUDY)
        begun = time.perf_counter()
        command = [Path(sys.executable).with_name("ovcf-bench"), "check", folder / "study.yaml", "--no-pixels"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - begun
    gigabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    result = {"images": N, "seconds": round(seconds, 1), "peak_gb": round(gigabytes, 2), "machine": machine()}
    print(said, result)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
