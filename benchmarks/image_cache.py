"""Decoding and resizing a radiograph against reading it from the image cache, on one core, in one run.

    OMP_NUM_THREADS=1 python benchmarks/image_cache.py

Files are 16-bit PNG of 1280 x 800; the cache holds 600 x 380 (the published protocol) and is read in batches of
12 random rows, as training does. Writes benchmarks/results/image_cache.json.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

from ovcf_bench.images import ImageCache, Preprocessing, as_uint16, resize

IMAGES, ROUNDS, BATCH = 96, 5, 12
SOURCE = (1280, 800)
PREPROCESSING = Preprocessing(600, 380)
RESULT = Path(__file__).parent / "results" / "image_cache.json"


def radiograph(rng: np.random.Generator) -> np.ndarray:
    """Smooth shadows with quantum noise: what compresses about as a radiograph does."""
    coarse = Image.fromarray(rng.random((16, 10), dtype=np.float32)).resize(SOURCE[::-1], Image.Resampling.BICUBIC)
    picture = 0.1 + 0.8 * np.clip(np.asarray(coarse), 0, 1) + 0.01 * rng.standard_normal(SOURCE, dtype=np.float32)
    return as_uint16(np.clip(picture, 0, 1))


def decoded(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return as_uint16(np.asarray(image))


def elapsed_ms(work) -> float:
    start = perf_counter()
    work()
    return 1e3 * (perf_counter() - start)


def processor() -> dict[str, object]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "cores": os.cpu_count(),
        "processor": facts.get("model name", platform.machine()),
        "system": platform.system(),
    }


def measure(folder: Path) -> dict[str, float]:
    rng = np.random.default_rng(1)
    paths = [folder / f"{number}.png" for number in range(IMAGES)]
    for path in paths:
        Image.fromarray(radiograph(rng)).save(path)
    cache = ImageCache(folder / "cache", 10**10)
    keys = [path.stem for path in paths]
    one_by_one = elapsed_ms(lambda: [cache.put(path.stem, decoded(path), PREPROCESSING) for path in paths[::2]])
    with cache.batch():
        batched = elapsed_ms(lambda: [cache.put(path.stem, decoded(path), PREPROCESSING) for path in paths[1::2]])
    pixels = cache.open([[key] for key in keys], PREPROCESSING)
    decode, read = [], []
    for _ in range(ROUNDS):  # in turns, so that a busy machine slows both
        order = rng.permutation(IMAGES)
        batches = np.split(order, IMAGES // BATCH)
        decode.append(elapsed_ms(lambda order=order: [resize(decoded(paths[row]), PREPROCESSING) for row in order]))
        read.append(elapsed_ms(lambda batches=batches: [pixels[rows] for rows in batches]))
    found = {"decode_and_resize_ms": median(decode) / IMAGES, "read_from_cache_ms": median(read) / IMAGES}
    found |= {"store_ms": one_by_one / (IMAGES / 2), "store_in_a_batch_ms": batched / (IMAGES / 2)}
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    result = {
        "images": IMAGES,
        "source": "x".join(map(str, SOURCE)) + ", 16-bit PNG",
        "cached": PREPROCESSING.version,
        "rounds": ROUNDS,
        **found,
        "ratio": round(found["decode_and_resize_ms"] / found["read_from_cache_ms"], 1),
        "machine": processor(),
        "versions": {name: version(name) for name in ("numpy", "pillow")} | {"python": platform.python_version()},
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
