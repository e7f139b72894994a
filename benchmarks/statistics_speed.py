"""Speed of the statistics against pROC, scikit-learn and a floor, in one run.

    python benchmarks/statistics_speed.py --rscript Rscript

Targets: paired DeLong at n = 1,000,000 at most an eighth of pROC's time and 16 times two argsorts; 2,000 paired
bootstrap resamples at n = 708 at most a fortieth of pROC's time; bootstrap under 1 GB at n = 1,000,000.
Needs R with the package pROC (Debian: r-base-core, r-cran-proc). Writes benchmarks/results/statistics_speed.json.
"""

import argparse
import json
import platform
import resource
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.metrics import roc_auc_score

from ovcf_bench.stats.bootstrap import compare_by_bootstrap
from ovcf_bench.stats.delong import compare_paired

RESULT = Path(__file__).parent / "results" / "statistics_speed.json"
LARGE, SMALL, RESAMPLES, ROUNDS = 1_000_000, 708, 2000, 3
LARGE_RESAMPLES = 5  # memory does not grow with their number
R_CODE = """
suppressMessages(library(pROC))
take <- function(path) read.table(path, sep = ",")
large <- take("{large}"); small <- take("{small}")
seconds <- function(work) min(sapply(1:{rounds}, function(i) system.time(work())[["elapsed"]]))
curve <- function(t, column) roc(t$V1, t[[column]], direction = "<", quiet = TRUE)
curves <- function(t) list(curve(t, "V2"), curve(t, "V3"))
delong <- function() {{ r <- curves(large); roc.test(r[[1]], r[[2]], method = "delong", paired = TRUE) }}
boot <- function() {{ r <- curves(small); roc.test(r[[1]], r[[2]], method = "bootstrap", paired = TRUE,
  boot.n = {resamples}, progress = "none") }}
cat(seconds(delong), seconds(boot), as.character(packageVersion("pROC")), R.version$major, R.version$minor)
"""


def scores(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1988)
    labels = np.arange(n) % 2
    return labels, rng.standard_normal(n) + 1.9 * labels, rng.standard_normal(n) + 2.3 * labels


def best(work, rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def scikit_loop(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    classes = [np.flatnonzero(labels == each) for each in (0, 1)]
    for _ in range(RESAMPLES):
        rows = np.concatenate([rng.choice(members, members.size) for members in classes])
        roc_auc_score(labels[rows], first[rows])
        roc_auc_score(labels[rows], second[rows])


def proc(rscript: str, large: tuple[np.ndarray, ...], small: tuple[np.ndarray, ...]) -> tuple[float, float, str]:
    """Return pROC's seconds for DeLong and bootstrap, and its versions."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {"large": Path(folder) / "large.csv", "small": Path(folder) / "small.csv"}
        for path, table in zip(paths.values(), (large, small), strict=True):
            np.savetxt(path, np.column_stack(table), delimiter=",", fmt=("%d", "%.9g", "%.9g"))
        code = R_CODE.format(**paths, rounds=ROUNDS, resamples=RESAMPLES)
        said = subprocess.run([rscript, "-e", code], capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1]), f"pROC {said[2]}, R {said[3]}.{said[4]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rscript", default="Rscript")
    rscript = parser.parse_args().rscript
    large, small = scores(LARGE), scores(SMALL)
    ours = best(lambda: compare_paired(*large, name="large"))
    floor = best(lambda: (np.argsort(large[1]), np.argsort(large[2])))
    rng = np.random.default_rng(2)
    boot = best(lambda: compare_by_bootstrap(*small, name="small", rng=rng, resamples=RESAMPLES))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    compare_by_bootstrap(*large, name="large", rng=rng, resamples=LARGE_RESAMPLES)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loop = best(lambda: scikit_loop(*small), rounds=1)
    proc_delong, proc_boot, r_versions = proc(rscript, large, small)
    result = {
        "delong_n": LARGE,
        "delong_s": ours,
        "delong_against_two_argsorts": ours / floor,
        "delong_against_proc": ours / proc_delong,
        "bootstrap_n": SMALL,
        "bootstrap_resamples": RESAMPLES,
        "bootstrap_s": boot,
        "bootstrap_against_proc": boot / proc_boot,
        "bootstrap_against_scikit_loop": boot / loop,
        "bootstrap_large_peak_gb": memory / 1e6,
        "peak_before_gb": before / 1e6,
        "proc_s": [proc_delong, proc_boot],
        "scikit_loop_s": loop,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {r_versions}, "
        f"numpy {version('numpy')}, scikit-learn {version('scikit-learn')}",
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
