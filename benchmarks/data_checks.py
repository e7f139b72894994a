"""How often the data checks cry wolf, and what they miss: 20 null cohorts, markers, near duplicates.

Run: python benchmarks/data_checks.py [SEEDS]. Writes benchmarks/results/data_checks.json.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ovcf_bench.checks.duplicates import ALIKE, features
from ovcf_bench.cli.options import open_study
from ovcf_bench.data import Options, Prepared, Silent, prepare
from ovcf_bench.data.inspecting import inspect
from ovcf_bench.images import ImageCache
from ovcf_bench.images.preprocess import thumbnail_of
from ovcf_bench.provenance import machine
from ovcf_bench.pseudonyms import Pseudonyms

STUDY = Path(__file__).parents[1] / "studies" / "paper.yaml"
RESULT = Path(__file__).parent / "results" / "data_checks.json"
PLANTED = 50


def prepared(preset: str, seed: int, folder: Path) -> tuple[Prepared, Options]:
    changes = [f"cohorts.{name}.params.{key}={value}" for name in ("hospital", "external")
               for key, value in (("preset", f'"{preset}"'), ("seed", seed))]  # fmt: skip
    study, registry = open_study(STUDY, "quick", tuple(changes))
    options = Options(runs=folder / "runs", cache=ImageCache(folder / f"{preset}-{seed}", int(20e9)), workers=2)
    return prepare(study, registry, Pseudonyms(b"k" * 32), options, Silent(), training=False), options


def probes(preset: str, seed: int, folder: Path) -> dict[str, Any]:
    results = {each.check: each for each in inspect(*prepared(preset, seed, folder))}
    print(preset, seed, results["shortcuts"].summary, "|", results["near_duplicates"].summary, flush=True)
    return {
        "preset": preset,
        "seed": seed,
        "alarm": results["shortcuts"].level == "warning",
        "probes": [dict(row) for row in results["shortcuts"].rows],
        "unplanted_pairs": len(results["near_duplicates"].rows),
    }


def copies(folder: Path) -> dict[str, Any]:
    """Return the likenesses of development images and their copies at the other site: turned, compressed, darkened."""
    study, options = prepared("paper-like", 2024, folder)
    appearances = options.cache.appearances(study.images["digest"].tolist())
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {}
    for view, part in study.images.groupby("view"):
        own = part.reset_index(drop=True)
        chosen = rng.choice(np.flatnonzero(own["split"] == "development"), PLANTED, replace=False)
        cohort = study.opened["hospital"]
        turned = [copy_of(cohort.dataset.read(row), rng) for row in cohort.rows(own.iloc[chosen])]
        thumbnails = np.stack([*(appearances[digest].pixels for digest in own["digest"]), *turned])
        vectors = features(thumbnails, np.array([*own["cohort"], *["external"] * PLANTED]))
        likeness = [float(vectors[len(own) + k] @ vectors[i]) for k, i in enumerate(chosen)]
        found[str(view)] = {"lowest": min(likeness), "found": int(np.sum(np.array(likeness) >= ALIKE)), "of": PLANTED}
        print(view, found[str(view)], flush=True)
    return found


def copy_of(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    eight = Image.fromarray((pixels >> 8).astype(np.uint8)).rotate(
        float(rng.choice([-1, 1])), Image.Resampling.BILINEAR
    )
    file = io.BytesIO()
    eight.point(lambda value: value * 0.9).save(file, "JPEG", quality=80)
    again = np.asarray(Image.open(file)).astype(np.uint16) * 257
    return np.frombuffer(thumbnail_of(again), np.uint8).reshape(64, 64)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        null = [probes("null", seed, Path(folder)) for seed in range(1, seeds + 1)]
        others = [probes("shortcut", 2024, Path(folder)), probes("paper-like", 2024, Path(folder))]
        result = {
            "false_alarms": sum(each["alarm"] for each in null),
            "seeds": seeds,
            "unplanted_pairs_per_cohort": [each["unplanted_pairs"] for each in (*null, *others)],
            "copies": copies(Path(folder)),
            "runs": [*null, *others],
            "machine": machine(),
        }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
