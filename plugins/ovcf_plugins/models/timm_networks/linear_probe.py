"""A frozen backbone and a logistic regression on its features: an alternative network in minutes, not hours."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import BuildContext, FitContext, Fitted, Images, ModelPlugin, Pixels, hookimpl
from ovcf_plugins.models.linear import LinearScore, fit_linear
from ovcf_plugins.models.timm_networks.backbones import check, create, describe
from ovcf_plugins.models.timm_networks.params import BackboneParams

if TYPE_CHECKING:
    import numpy as np

_VERSION = 1  # raised whenever features may change
_HEAD, _BACKBONE = "head.json", "backbone.safetensors"


class LinearProbeParams(BackboneParams):
    """Parameters of the `linear_probe` model."""

    penalty: float = Field(default=1.0, gt=0, description="Strength of the L2 penalty; scikit-learn's C is 1/penalty.")


class Probe:
    """A backbone's features and the regression on them (`api.Fitted`)."""

    def __init__(self, features: Features, head: LinearScore) -> None:
        self.features, self.head = features, head

    def scores(self, pixels: Pixels) -> np.ndarray[Any, Any]:
        """Return logits (n, 1) float32 of `pixels` (n, n_views, H, W) uint16."""
        return self.head.scores(self.features(pixels))

    def save(self, folder: Path) -> None:
        """Write the regression and the backbone: what is exported needs no model hub."""
        from safetensors.torch import save_model

        self.head.save(folder / _HEAD)
        save_model(self.features.network, str(folder / _BACKBONE))


class Features:
    """Features of images, from a frozen backbone; those of one image are computed once when there is a folder.

    weights : a file of the backbone's weights; None: those that the parameters name.
    """

    def __init__(self, params: LinearProbeParams, device: str, kept: Path | None, weights: Path | None = None) -> None:
        self.params, self.device, self.kept, self.weights = params, device, kept, weights

    def __call__(self, pixels: Pixels) -> np.ndarray[Any, Any]:
        """Return (n, n_views x n_features) float32; views side by side, each seen by itself."""
        import numpy as np

        exams = (pixels[np.array([row])][0] for row in range(pixels.shape[0]))
        return np.stack([np.concatenate([self._of_image(view) for view in exam]) for exam in exams])

    def _of_image(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        name = hashlib.sha256(image.tobytes() + str(image.shape).encode()).hexdigest()
        made = self._read(name)
        if made is None:
            made = self._compute(image)
            self._keep(name, made)
        return made

    @functools.cached_property
    def network(self) -> Any:
        """The backbone."""
        import torch
        from safetensors.torch import load_model

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # random weights are the same in every unit: that makes features shareable
            network = create(self.params, 1, 0, pretrained=self.weights is None)
        if self.weights is not None:
            load_model(network, str(self.weights))
        return network.to(self.device).eval()

    @functools.cached_property
    def folder(self) -> Path | None:
        """Where features are kept: a name for everything that they depend on besides the image."""
        import torch

        if self.kept is None:
            return None
        made_by = hashlib.sha256(f"{_VERSION} {self.network} {torch.__version__} {self.device}".encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            made_by.update(name.encode() + tensor.cpu().numpy().tobytes())
        return self.kept / f"linear_probe-{made_by.hexdigest()[:16]}"

    def _compute(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the features of one image (H, W) uint16. Alone: beside others its last bits would differ."""
        import numpy as np
        import torch

        grey = torch.from_numpy(image.astype(np.float32) / 65535.0)[None, None].to(self.device)
        with torch.inference_mode():
            made = self.network((grey - grey.mean()) / (grey.std() + 1e-3))
        found: np.ndarray[Any, Any] = made[0].float().cpu().numpy()
        return found

    def _read(self, name: str) -> np.ndarray[Any, Any] | None:
        import numpy as np

        path = self.folder / f"{name}.npy" if self.folder else None
        try:
            return None if path is None else np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # absent, or cut short by a kill
            return None

    def _keep(self, name: str, made: np.ndarray[Any, Any]) -> None:
        import numpy as np

        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self.folder / f"{name}.npy"
        part = self.folder / f".{name}-{os.getpid()}.npy"  # of this process alone: several write at once
        np.save(part, made, allow_pickle=False)
        part.replace(whole)


def fit(params: LinearProbeParams, train: Images, tune: Images | None, context: FitContext) -> Fitted:
    """Return the regression of the labels on the features of the training images."""
    features = Features(params, context.device, context.shared)
    return Probe(
        features, fit_linear("logistic_regression", features(train.pixels), train.labels[:, 0], params.penalty)
    )


def load(params: LinearProbeParams, folder: Path, context: BuildContext) -> Fitted:
    """Return what `save` wrote."""
    return Probe(Features(params, "cpu", None, folder / _BACKBONE), LinearScore.load(folder / _HEAD))


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `linear_probe`."""
    register(
        ModelPlugin(
            name="linear_probe",
            params=LinearProbeParams,
            summary="A frozen timm backbone, its features kept, and a logistic regression",
            fit=fit,
            load=load,
            check=check,
            describe=describe,
        )
    )
