"""Power formulae against simulation of the test itself, on binormal scores.

python benchmarks/power_simulation.py --simulations 20000
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from ovcf_bench.stats.power import Design, power

ROOT = Path(__file__).parents[1]
DESIGNS = (
    Design(0.80, 0.85, 0.5, 100, 100),
    Design(0.90, 0.95, 0.3, 52, 52),
    Design(0.90, 0.93, 0.6, 200, 200),
    Design(0.75, 0.85, 0.0, 50, 150),
    Design(0.93, 0.93, 0.5, 100, 100, "noninferiority", 0.05),
    Design(0.90, 0.92, 0.5, 200, 200, "noninferiority", 0.05),
    Design(0.80, 0.80, 0.7, 50, 150, "noninferiority", 0.10),
    Design(0.95, 0.95, 0.3, 52, 52, "noninferiority", 0.05),
    Design(0.93, 0.93, 0.5, 200, 200, "equivalence", 0.05),
    Design(0.90, 0.91, 0.6, 300, 300, "equivalence", 0.05),
    Design(0.80, 0.80, 0.3, 150, 50, "equivalence", 0.15),
    Design(0.96, 0.96, 0.5, 60, 60, "equivalence", 0.05),
)
CHUNK = 500


def simulated(design: Design, simulations: int, seed: int) -> float:
    """Return how often the test shows the claim; DeLong's components from midranks, many studies at once."""
    rng = np.random.default_rng(seed)
    chunks = [_shown(design, min(CHUNK, simulations - start), rng) for start in range(0, simulations, CHUNK)]
    return float(np.concatenate(chunks).mean())


def _shown(design: Design, studies: int, rng: np.random.Generator) -> np.ndarray:
    m, n, r = design.positives, design.negatives, design.correlation
    shared = rng.standard_normal((studies, 2, m + n))
    views = np.stack([shared[:, 0], r * shared[:, 0] + np.sqrt(1 - r**2) * shared[:, 1]])
    shift = np.sqrt(2) * norm.ppf([design.auroc_first, design.auroc_second])
    views[:, :, :m] += shift[:, None, None]
    ranks = rankdata(views, axis=2)
    positive = (ranks[:, :, :m] - rankdata(views[:, :, :m], axis=2)) / n
    negative = 1 - (ranks[:, :, m:] - rankdata(views[:, :, m:], axis=2)) / m
    aurocs = positive.mean(axis=2)
    centred = [each - aurocs[:, :, None] for each in (positive, negative)]
    joint = sum(
        np.einsum("isk,jsk->ijs", each, each) / (size - 1) / size for each, size in zip(centred, (m, n), strict=True)
    )
    a, b = aurocs
    if design.claim == "difference":
        se = np.sqrt(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1])
        return np.abs(a - b) > norm.ppf(0.975) * se
    level = 0.975 if design.claim == "noninferiority" else 0.95
    product = np.sqrt(joint[0, 0] * joint[1, 1])
    correlation = np.divide(joint[0, 1], product, out=np.zeros(studies), where=product > 0)  # 0 as the test has it
    limits = []
    for auroc, variance in ((a, joint[0, 0]), (b, joint[1, 1])):
        safe = np.clip(auroc, 1e-9, 1 - 1e-9)
        reach = norm.ppf(level) * np.sqrt(variance) / (safe * (1 - safe))
        limits.append((auroc - expit(logit(safe) - reach), expit(logit(safe) + reach) - auroc))
    (down_a, up_a), (down_b, up_b) = limits
    low = a - b - np.sqrt(np.maximum(0, down_a**2 + up_b**2 - 2 * correlation * down_a * up_b))
    high = a - b + np.sqrt(np.maximum(0, up_a**2 + down_b**2 - 2 * correlation * up_a * down_b))
    margin = design.margin or 0.0
    return low > -margin if design.claim == "noninferiority" else (low > -margin) & (high < margin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=20_000)
    simulations = parser.parse_args().simulations
    rows = []
    for number, design in enumerate(DESIGNS):
        values = {name: getattr(design, name) for name in Design.__slots__}
        rows.append({**values, "formula": power(design), "simulated": simulated(design, simulations, number)})
        print(json.dumps(rows[-1]), flush=True)
    result = {
        "simulations": simulations,
        "largest_distance": max(abs(row["formula"] - row["simulated"]) for row in rows),
        "designs": rows,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
    (ROOT / "benchmarks" / "results" / "power_simulation.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
