"""Which images look like those that a model was developed on: a few numbers each, and how far they may lie from usual.

Squared Mahalanobis distance of simple features. The limit is a quantile of distances that were each measured with
mean and covariance of other patients (five parts, each left out once), with the finite-sample correction of split
conformal prediction (Vovk et al. 2005; Lei et al., JASA 2018, section 2.2). Patients weigh alike, however many images
they have (pooled distribution functions of Dunn et al., JASA 2023, section 2.3), so that the stated share of false
refusals holds for an image of a new patient from where the development images came from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ovcf_bench.images.preprocess import Pixels16

Doubles = np.ndarray[Any, np.dtype[np.float64]]
FALSE_REFUSALS = 0.01
FEATURES = ("brightness", "contrast", "entropy", "edges", "noise", "likeness", "extremes")
_PARTS = 5
_BINS = 32
_SMALL = (32, 20)  # rows and columns of the mean image that likeness is measured against
_SEED = 20240
_ROUNDING = 1e-9  # of a sum of shares


@dataclass(frozen=True, slots=True)
class UsualImages:
    """What is usual among the development images of one view.

    mean_image : (32, 20) in [0, 1]; mean : (k,) of the features; precision : (k, k), inverse covariance; highest : the
    largest squared distance that is accepted; n : patients; false_refusals : share of images of such patients that are
    refused.
    """

    mean_image: Doubles
    mean: Doubles
    precision: Doubles
    highest: float
    n: int
    false_refusals: float

    def distance(self, image: Pixels16) -> float:
        """Return the squared distance of an image (H, W), brought to the study's size, from what is usual."""
        return float(_distances(features(image, self.mean_image)[None], self.mean, self.precision)[0])

    def unusual(self, image: Pixels16) -> str:
        """Return the feature in which an unusual image differs most, "" when it is accepted."""
        if self.distance(image) <= self.highest:
            return ""
        spread = np.sqrt(np.diag(np.linalg.inv(self.precision)))
        return FEATURES[int(np.argmax(np.abs(features(image, self.mean_image) - self.mean) / spread))]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: sums over all development images, nothing of a single one."""
        return {
            "mean_image": np.round(self.mean_image, 6).tolist(),
            "mean": self.mean.tolist(),
            "precision": self.precision.tolist(),
            "highest": self.highest,
            "n": self.n,
            "false_refusals": self.false_refusals,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> UsualImages:
        """Return what `to_json` gave."""
        arrays = {name: np.asarray(said[name], dtype=np.float64) for name in ("mean_image", "mean", "precision")}
        return cls(**arrays, highest=float(said["highest"]), n=int(said["n"]), false_refusals=said["false_refusals"])


def features(image: Pixels16, mean_image: Doubles) -> Doubles:
    """Return FEATURES of an image (H, W) uint16 as (k,) numbers."""
    grey = image.astype(np.float64) / 65535.0
    spread = float(grey.std()) + 1e-6
    counts, _ = np.histogram(grey, bins=_BINS, range=(0, 1))
    share = counts[counts > 0] / grey.size
    down, across = np.diff(grey, axis=0), np.diff(grey, axis=1)
    edges = float(np.abs(down).mean() + np.abs(across).mean()) / spread
    # Second differences: structure is smooth over three pixels, noise is not.
    noise = float(np.abs(np.diff(down, axis=0)).mean() + np.abs(np.diff(across, axis=1)).mean()) / spread
    small = _small(image) - mean_image.mean()
    usual = mean_image - mean_image.mean()
    norms = float(np.linalg.norm(small - small.mean()) * np.linalg.norm(usual)) + 1e-9
    likeness = float(((small - small.mean()) * usual).sum()) / norms
    extremes = float(((grey < 0.01) | (grey > 0.99)).mean())
    entropy = float(-(share * np.log2(share)).sum())
    return np.array([grey.mean(), spread, entropy, math.log(edges + 1e-6), math.log(noise + 1e-6), likeness, extremes])


def fit_usual_images(images: Sequence[Pixels16], patients: Sequence[str]) -> UsualImages:
    """Return the limits of development images (H, W), all of one view and size; `patients` says whose each is.

    At least 20 patients.
    """
    mean_image = np.mean([_small(image) for image in images], axis=0)
    table = np.stack([features(image, mean_image) for image in images])
    _, whose = np.unique(np.asarray(patients), return_inverse=True)
    images_of = np.bincount(whose)
    n = len(images_of)
    part = (np.random.default_rng(_SEED).permutation(n) % _PARTS)[whose]
    left_out = np.empty(len(table))
    for each in range(_PARTS):
        mean, precision = _usual(table[part != each])
        left_out[part == each] = _distances(table[part == each], mean, precision)
    false_refusals = max(FALSE_REFUSALS, 1 / (n + 1))  # fewer patients cannot tell of rarer ones
    order = np.argsort(left_out)
    below = np.cumsum(1 / images_of[whose[order]]) / (n + 1)  # share of patients, a new one among them
    highest = order[min(int(np.searchsorted(below, 1 - false_refusals - _ROUNDING)), len(table) - 1)]
    mean, precision = _usual(table)
    return UsualImages(mean_image, mean, precision, float(left_out[highest]), n, false_refusals)


def _usual(table: Doubles) -> tuple[Doubles, Doubles]:
    """Return mean and inverse covariance; a feature that never changes is given a little spread."""
    covariance = np.cov(table, rowvar=False)
    covariance += np.diag(1e-6 + 1e-3 * np.diag(covariance))
    precision: Doubles = np.linalg.inv(covariance).astype(np.float64)
    return np.asarray(table.mean(axis=0), dtype=np.float64), precision


def _distances(table: Doubles, mean: Doubles, precision: Doubles) -> Doubles:
    away = table - mean
    found: Doubles = np.einsum("ij,jk,ik->i", away, precision, away)
    return found


def _small(image: Pixels16) -> Doubles:
    resized = Image.fromarray((image >> 8).astype(np.uint8)).resize(_SMALL[::-1], Image.Resampling.BOX)
    return np.asarray(resized, dtype=np.float64) / 255.0
