"""Counts how often AUROC intervals cover .5 when labels are independent of the images.

Runs studies/null.yaml (profile tiny) with many seeds of cohort and training, and looks at the test sets only.

    python benchmarks/null_coverage.py --seeds 20
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("ovcf-bench")


def intervals(seed: int, folder: Path) -> list[tuple[float, float]]:
    """Run one seed and return the intervals of every arm on every test set."""
    change = [f"seed={seed}", f"cohorts.hospital.params.seed={seed}", f"cohorts.external.params.seed={seed}"]
    options = [word for each in change for word in ("--set", each)]
    runs = folder / str(seed)
    study = ROOT / "studies" / "null.yaml"
    cache = ["--cache", str(folder / "cache")]
    command = [str(COMMAND), "run", str(study), "--profile", "tiny", "--runs", str(runs), *cache, *options]
    subprocess.run(command, check=True, capture_output=True)
    (findings,) = runs.glob("*/findings.json")
    sets = json.loads(findings.read_text())["sets"].values()
    return [tuple(arm["ci"]) for found in sets for arm in found["arms"].values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(1, parser.parse_args().seeds + 1)
    with tempfile.TemporaryDirectory() as folder:
        found = [each for seed in seeds for each in intervals(seed, Path(folder))]
    covered = sum(low <= 0.5 <= high for low, high in found)
    result = {
        "seeds": len(seeds),
        "intervals": len(found),
        "covering_half": covered,
        "share": covered / len(found),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
    print(json.dumps(result, indent=1))
    (ROOT / "benchmarks" / "results" / "null_coverage.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
