"""How often the check of balance calls a category unbalanced that means nothing: many cohorts of 120 patients.

Run: python benchmarks/balance_alarms.py [COHORTS]. Writes benchmarks/results/balance_alarms.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ovcf_bench.checks import Evidence
from ovcf_bench.checks.inventory import balance
from ovcf_bench.provenance import machine

RESULT = Path(__file__).parent / "results" / "balance_alarms.json"
PATIENTS = 120


def alarm(seed: int, levels: int) -> bool:
    """Whether a category is called unbalanced; a quarter of the patients are an external set."""
    numbers = np.arange(PATIENTS)
    table = pd.DataFrame(
        {
            "patient_id": [f"p{number}" for number in numbers],
            "label": numbers % 2,
            "split": np.where(numbers < 3 * PATIENTS // 4, "development", "external"),
            "code": np.random.default_rng(seed).integers(0, levels, PATIENTS).astype(str),
        }
    )
    return balance(Evidence(table, ("code",), {}, seed=1)).level != "ok"


def main() -> None:
    """Count the alarms for categories of 2, 5 and 15 levels."""
    cohorts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rows = [
        {"levels": levels, "cohorts": cohorts, "alarms": sum(alarm(seed, levels) for seed in range(cohorts))}
        for levels in (2, 5, 15)
    ]
    RESULT.write_text(json.dumps({"categories": rows, **machine()}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
