"""Size of the report, and the time that it takes: the paper study, and twelve arms on four sets of 708 cases.

Asked for: the paper study under 2 MB and 5 s, twelve arms on four sets under 4 MB and 20 s.
python benchmarks/report_size.py RUN [RUN...], with folders of finished runs; it writes
benchmarks/results/report_size.json.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ovcf_bench.provenance import machine

RESULT = Path(__file__).parent / "results" / "report_size.json"
ARMS, SETS, CASES = 12, 4, 708


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for run in map(Path, sys.argv[1:]):
            copy = Path(name) / run.name
            shutil.copytree(run, copy)
            found[run.name] = measure(copy)
        found[f"{ARMS} arms, {SETS} sets"] = many(Path(name) / "many")
    result = {"reports": found, "machine": machine()}
    print(json.dumps(result, indent=1))
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def many(folder: Path) -> dict[str, float]:
    """Return size and time of a comparison of many arms; every arm is compared with the first."""
    folder.mkdir()
    rng = np.random.default_rng(12)
    parts = []
    for number in range(SETS):
        labels = np.repeat([0, 1], CASES // 2)
        shared = rng.normal(size=CASES)
        columns = {
            f"arm{arm:02d}": 1 / (1 + np.exp(-(shared + rng.normal(size=CASES) + (1.5 + arm / 20) * labels - 0.8)))
            for arm in range(ARMS)
        }
        parts.append(
            pd.DataFrame(
                {"patient_id": [f"{number}-{n}" for n in range(CASES)], "set": f"set{number}", "y": labels, **columns}
            )
        )
    pd.concat(parts).to_csv(folder / "scores.csv", index=False)
    arms = [option for arm in range(ARMS) for option in ("--arm", f"arm{arm:02d}")]
    arms += [option for arm in range(1, ARMS) for option in ("--pair", f"arm{arm:02d}", "arm00")]
    command = ["ovcf-bench", "compare", "scores.csv", "--label", "y", "--patient", "patient_id", "--set", "set", *arms]
    begun = time.perf_counter()
    subprocess.run([*command, "--runs", "."], cwd=folder, check=True, capture_output=True)
    whole = time.perf_counter() - begun
    (made,) = (each.parent for each in folder.glob("*/report.html"))
    return {**measure(made), "compare_seconds": round(whole, 1)}


def measure(folder: Path) -> dict[str, float]:
    """Return the size of the page and how long it takes in a new process, without and with the findings."""
    (folder / "report.html").unlink(missing_ok=True)
    code = f"from pathlib import Path; from ovcf_bench.report import write_report; write_report(Path({str(folder)!r}))"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    page = time.perf_counter() - begun
    begun = time.perf_counter()
    subprocess.run(["ovcf-bench", "report", folder], check=True, capture_output=True)
    both = time.perf_counter() - begun
    size = (folder / "report.html").stat().st_size
    return {
        "megabytes": round(size / 1e6, 2),
        "page_seconds": round(page, 1),
        "findings_and_page_seconds": round(both, 1),
    }


if __name__ == "__main__":
    main()
