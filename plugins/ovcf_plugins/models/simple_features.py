"""Scikit-learn on a handful of numbers per image: what a study reaches without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import BuildContext, FitContext, Fitted, Images, ModelPlugin, Params, Pixels, hookimpl
from ovcf_plugins.models.linear import Estimator, LinearScore, fit_linear

if TYPE_CHECKING:
    import numpy as np

_FILE = "linear.json"
_BATCH = 64
_BINS = 16  # of the brightness histogram
_ANGLES = 9  # of the gradient histogram, over half a turn


class SimpleFeaturesParams(Params):
    """Parameters of the `simple_features` model."""

    estimator: Estimator = Field(default="logistic_regression", description="The scikit-learn classifier.")
    rows: int = Field(default=12, ge=1, le=64, description="Cells of the grid from top to bottom.")
    columns: int = Field(default=8, ge=1, le=64, description="Cells of the grid from left to right.")
    penalty: float = Field(default=100.0, gt=0, description="Strength of the penalty (not of linear_discriminant).")


class SimpleScore:
    """The features and the classifier on them (`api.Fitted`)."""

    def __init__(self, params: SimpleFeaturesParams, head: LinearScore) -> None:
        self.params, self.head = params, head

    def scores(self, pixels: Pixels) -> np.ndarray[Any, Any]:
        """Return logits (n, 1) float32 of `pixels` (n, n_views, H, W) uint16."""
        return self.head.scores(features(pixels, self.params))

    def save(self, folder: Path) -> None:
        """Write the classifier."""
        self.head.save(folder / _FILE)


def features(pixels: Pixels, params: SimpleFeaturesParams) -> np.ndarray[Any, Any]:
    """Return (n, k) float64: for each view mean brightness and gradient directions by cell, and a histogram.

    Gradient directions: Dalal & Triggs, CVPR 2005, without blocks. `pixels` : (n, n_views, H, W) uint16.
    """
    import numpy as np

    n = pixels.shape[0]
    found = []
    for start in range(0, n, _BATCH):
        batch = pixels[np.arange(start, min(start + _BATCH, n))].astype(np.float64) / 65535.0
        found += [np.concatenate([_of_view(view, params) for view in exam]) for exam in batch]
    return np.stack(found)


def _of_view(image: np.ndarray[Any, Any], params: SimpleFeaturesParams) -> np.ndarray[Any, Any]:
    import numpy as np

    scaled = (image - image.mean()) / (image.std() + 1e-3)
    down, across = np.gradient(scaled)
    strength = np.hypot(down, across)
    angle = (np.arctan2(down, across) % np.pi) / np.pi * _ANGLES
    height, width = image.shape
    row = np.minimum(np.arange(height) * params.rows // height, params.rows - 1)
    column = np.minimum(np.arange(width) * params.columns // width, params.columns - 1)
    cell = row[:, None] * params.columns + column
    cells = params.rows * params.columns
    counted = np.maximum(np.bincount(cell.ravel(), minlength=cells), 1)
    brightness = np.bincount(cell.ravel(), weights=scaled.ravel(), minlength=cells) / counted
    place = cell * _ANGLES + np.minimum(angle.astype(int), _ANGLES - 1)
    directions = np.bincount(place.ravel(), weights=strength.ravel(), minlength=cells * _ANGLES)
    histogram, _ = np.histogram(image, bins=_BINS, range=(0, 1))
    return np.concatenate([brightness, directions / np.repeat(counted, _ANGLES), histogram / image.size])


def fit(params: SimpleFeaturesParams, train: Images, tune: Images | None, context: FitContext) -> Fitted:
    """Return the classifier of the training images."""
    made = features(train.pixels, params)
    return SimpleScore(params, fit_linear(params.estimator, made, train.labels[:, 0], params.penalty))


def load(params: SimpleFeaturesParams, folder: Path, context: BuildContext) -> Fitted:
    """Return what `save` wrote."""
    return SimpleScore(params, LinearScore.load(folder / _FILE))


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `simple_features`."""
    register(
        ModelPlugin(
            name="simple_features",
            params=SimpleFeaturesParams,
            summary="Brightness and gradients on a grid, and a linear classifier of scikit-learn",
            fit=fit,
            load=load,
        )
    )
