"""The interval of a partial area as resampling with scikit-learn gives it: a number that tests compare with.

Run: python benchmarks/curve_intervals.py [RESAMPLES]. Writes benchmarks/results/curve_intervals.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from ovcf_bench.provenance import machine
from ovcf_bench.stats.curve_bands import SPECIFICITY

RESULT = Path(__file__).parent / "results" / "curve_intervals.json"
CASES, SEED, SHIFT = 120, 3, 1.5


def main() -> None:
    """Resample each class at its own size; the case numbers, labels and scores are those of tests/stats/test_curves."""
    resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rng = np.random.default_rng(SEED)
    labels = rng.random(CASES) < 0.4
    scores = rng.normal(size=CASES) + SHIFT * labels
    draws = np.random.default_rng(9)
    classes = [np.flatnonzero(labels == each) for each in (False, True)]
    areas = []
    for _ in range(resamples):
        rows = np.concatenate([draws.choice(each, each.size) for each in classes])
        areas.append(roc_auc_score(labels[rows], scores[rows], max_fpr=1 - SPECIFICITY))
    result = {
        "cases": CASES,
        "seed": SEED,
        "shift": SHIFT,
        "specificity": SPECIFICITY,
        "resamples": resamples,
        "interval": np.quantile(areas, [0.025, 0.975]).tolist(),
        **machine(),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
