"""Type-I error and coverage of the default methods, by simulation of binormal scores.

Non-inferiority at one-sided 2.5 %: the truth lies exactly at the margin, so each rejection is an error. Intervals at
95 %: how often they cover the true AUROC.

    python benchmarks/default_methods.py --simulations 4000
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
from scipy.stats import norm

from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.delong import compare_paired, wald_interval
from ovcf_bench.stats.equivalence import judge_noninferiority
from ovcf_bench.stats.intervals import auroc_interval, linear_delong_interval, logit_delong_interval, newcombe_interval

ROOT = Path(__file__).parents[1]
RESAMPLES = 1000
CORRELATION = 0.5  # of the two views' scores within a class
NONINFERIORITY = ((52, 52, 0.93, 0.98), (354, 354, 0.90, 0.95), (52, 52, 0.80, 0.85))  # true AUROCs, margin apart
COVERAGE = ((52, 52, 0.98), (52, 52, 0.80), (354, 354, 0.98), (15, 15, 0.90))


def scores(rng: np.random.Generator, positives: int, negatives: int, *aurocs: float) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n,) and binormal scores (views, n) with the wanted AUROCs."""
    labels = np.repeat([1, 0], [positives, negatives])
    shared = rng.standard_normal(labels.size)
    noise = rng.standard_normal((len(aurocs), labels.size))
    mixed = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * noise
    shift = np.sqrt(2) * norm.ppf(np.asarray(aurocs))[:, None]
    return labels, mixed + shift * labels


def percentile_low(labels: np.ndarray, first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """Return the lower 2.5 % percentile of the difference over stratified resamples, written out plainly."""
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    draws = (rng.multinomial(each.size, np.full(each.size, 1 / each.size), RESAMPLES) for each in (positive, negative))
    of_positive, of_negative = draws
    aurocs = []
    for view in (first, second):
        wins = (view[positive][:, None] > view[negative]) + 0.5 * (view[positive][:, None] == view[negative])
        aurocs.append(((of_positive @ wins) * of_negative).sum(axis=1) / wins.size)
    return float(np.quantile(aurocs[0] - aurocs[1], 0.025))


def type_one_error(design: tuple[int, int, float, float], simulations: int) -> dict[str, float]:
    """Return how often each method calls the first view non-inferior although it is worse by the margin."""
    rng = np.random.default_rng(2024)
    margin = design[3] - design[2]
    wrong = {"Wald": 0, "bootstrap percentile": 0, "MOVER-logit": 0}
    for _ in range(simulations):
        labels, (first, second) = scores(rng, *design)
        paired = compare_paired(labels, first, second, name="simulated")
        wald = wald_interval(paired, level=0.95)
        wrong["Wald"] += wald is not None and wald.low > -margin
        wrong["bootstrap percentile"] += percentile_low(labels, first, second, rng) > -margin
        wrong["MOVER-logit"] += judge_noninferiority(paired, margin).verdict == "non-inferior"
    return {name: count / simulations for name, count in wrong.items()}


def coverage(design: tuple[int, int, float], simulations: int) -> dict[str, float]:
    """Return how often each interval covers the true AUROC."""
    rng = np.random.default_rng(2025)
    positives, negatives, truth = design
    covered = {"linear DeLong": 0, "logit DeLong": 0, "Newcombe 5": 0, "default": 0}
    for _ in range(simulations):
        labels, (view,) = scores(rng, positives, negatives, truth)
        found = estimate_auroc(labels, view, name="simulated")
        variance = found.variance or 0.0
        intervals = {
            "linear DeLong": linear_delong_interval(found.auroc, variance),
            "logit DeLong": logit_delong_interval(found.auroc, variance) if 0 < found.auroc < 1 else None,
            "Newcombe 5": newcombe_interval(found.auroc, positives, negatives),
            "default": auroc_interval(found),
        }
        for name, interval in intervals.items():  # no interval covers nothing
            covered[name] += interval is not None and interval.covers(truth)
    return {name: count / simulations for name, count in covered.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=4000)
    simulations = parser.parse_args().simulations
    result = {
        "simulations": simulations,
        "score_correlation": CORRELATION,
        "noninferiority_type_one_error": [
            {"positives": each[0], "negatives": each[1], "aurocs": each[2:], **type_one_error(each, simulations)}
            for each in NONINFERIORITY
        ],
        "interval_coverage": [
            {"positives": each[0], "negatives": each[1], "auroc": each[2], **coverage(each, simulations)}
            for each in COVERAGE
        ],
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
    print(json.dumps(result, indent=1))
    (ROOT / "benchmarks" / "results" / "default_methods.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
