"""Images that stand there twice: equal pixels, and pixels that are nearly equal.

Near duplicates are told by the gradients of the thumbnail's inner part: they stay much the same when an image is
turned a little, compressed or brightened, and differ between patients once what all images of a view have in common
is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ovcf_bench.checks.results import Evidence, found
from ovcf_bench.records import CheckResult
from ovcf_bench.wording import plural

Floats = npt.NDArray[np.float32]

ALIKE = (
    0.78  # correlation; of 1,611 phantoms no two reach .72, a copy turned by 1 degree keeps .83 (benchmarks/checks.py)
)
_RIM = 6  # thumbnail pixels at each side that are not looked at: a turn brings in black corners
_ENOUGH = 50  # images of a cohort from which what they have in common can be told
_BLOCK = 2048
_SKETCH, _SKETCH_SLACK = 256, 0.2  # for many images: a random projection first, its error is about .06
_MANY = 10_000


def duplicates(evidence: Evidence) -> CheckResult:
    """Look for equal pixels in one split (across splits they stop every run): of one patient, or of two."""
    images = evidence.images
    groups = images[images["digest"].duplicated(keep=False)].groupby("digest", sort=False)
    rows: list[dict[str, Any]] = [
        {"split": str(part["split"].iloc[0]), "images": len(part), "patients": int(part["patient_id"].nunique())}
        for _, part in groups
    ]
    of_two = sum(row["patients"] > 1 for row in rows)
    several = plural(len(rows), "image stands", "images stand")
    summary = f"{several} there more than once, {of_two} of them under several patients"
    return found("duplicates", bool(rows), summary if rows else "no two images are equal", rows)


def near_duplicates(evidence: Evidence) -> CheckResult:
    """Look for images of different patients that are nearly equal, mirrored ones too."""
    images = evidence.images[evidence.images["digest"].isin(evidence.appearances)].drop_duplicates("digest")
    rows: list[dict[str, Any]] = []
    for _, part in images.groupby("view", sort=False):
        thumbnails = np.stack([evidence.appearances[digest].pixels for digest in part["digest"]])
        cohorts = part["cohort"].to_numpy()
        patients = pd.factorize(part["patient_id"])[0]
        for mirrored in (False, True):
            other = thumbnails[:, :, ::-1] if mirrored else thumbnails
            pairs = _pairs(features(thumbnails, cohorts), features(other, cohorts), patients)
            rows += [_row(part.iloc[i], part.iloc[j], likeness, mirrored) for i, j, likeness in pairs]
    rows.sort(key=lambda row: -row["likeness"])
    across = sum(row["splits"].count(" and ") for row in rows)
    alike = plural(len(rows), "pair of different patients looks", "pairs of different patients look")
    summary = f"{alike} alike, {across} of them across splits"
    return found("near_duplicates", bool(rows), summary if rows else "no two patients' images look alike", rows)


def _row(first: pd.Series, second: pd.Series, likeness: float, mirrored: bool) -> dict[str, Any]:
    splits = list(dict.fromkeys((str(first["split"]), str(second["split"]))))
    return {
        "view": str(first["view"]),
        "splits": " and ".join(splits),
        "images": f"{first['image_id']} and {second['image_id']}",
        "likeness": round(likeness, 3),
        "mirrored": mirrored,
    }


def features(thumbnails: npt.NDArray[np.uint8], cohorts: npt.NDArray[Any]) -> Floats:
    """Return unit vectors (n, k) whose products are likenesses, for thumbnails (n, 64, 64) of one view."""
    inner = thumbnails[:, _RIM:-_RIM, _RIM:-_RIM].astype(np.float32)
    down, right = np.diff(inner, axis=1)[:, :, :-1], np.diff(inner, axis=2)[:, :-1]
    vectors: Floats = np.concatenate([down, right], axis=1).reshape(len(inner), -1)
    vectors = _unit(vectors - vectors.mean(axis=1, keepdims=True))
    common = vectors.mean(axis=0) if len(vectors) >= _ENOUGH else np.float32(0)
    for name in np.unique(cohorts):
        mine = cohorts == name
        vectors[mine] -= vectors[mine].mean(axis=0) if mine.sum() >= _ENOUGH else common
    return _unit(vectors)


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = vectors / np.maximum(norms, np.float32(1e-6))
    return scaled


def _pairs(ours: Floats, theirs: Floats, patients: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, float]]:
    """Yield (i, j, likeness) for i < j of different patients."""
    sketch = len(ours) > _MANY
    project = np.random.default_rng(0).standard_normal((ours.shape[1], _SKETCH)).astype(np.float32)
    left, right = (_unit(each @ project) if sketch else each for each in (ours, theirs))
    limit = ALIKE - _SKETCH_SLACK if sketch else ALIKE
    for start in range(0, len(left), _BLOCK):
        likeness = left[start : start + _BLOCK] @ right[start:].T
        for i, j in zip(*(each + start for each in np.nonzero(likeness >= limit)), strict=True):
            if i < j and patients[i] != patients[j] and (exact := float(ours[i] @ theirs[j])) >= ALIKE:
                yield int(i), int(j), exact
