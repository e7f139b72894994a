"""Several networks as one ONNX graph, held against torch."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from ovcf_bench.errors import BenchError, PluginError, Problem
from ovcf_bench.training.batches import normalise
from ovcf_bench.training.scoring import TrainedNetwork

MOST_DIFFERENCE = 1e-4  # of a logit
CHECKED = 32  # images
_NEEDED = ("onnx", "onnxscript", "onnxruntime")
_INSTALL = 'pip install "ovcf-bench[onnx]"'


class _Ensemble(nn.Module):
    """Images (n, n_views, H, W) in [0, 1] to logit and probability, (n,) each, of all networks together."""

    def __init__(self, networks: list[nn.Module], normalisation: str, *, by_logit: bool) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.normalisation, self.by_logit = normalisation, by_logit

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scaled = normalise(images, self.normalisation)
        logits = torch.stack([network(scaled)[:, 0] for network in self.networks])
        if self.by_logit:
            logit = logits.mean(dim=0)
            return logit, torch.sigmoid(logit)
        probability = torch.sigmoid(logits).mean(dim=0)
        return torch.log(probability) - torch.log1p(-probability), probability


def to_onnx(trained: Sequence[TrainedNetwork], shape: tuple[int, int, int], *, by_logit: bool) -> tuple[bytes, float]:
    """Return the graph of an ensemble and the largest difference of a logit to torch, on CHECKED images.

    shape : (n_views, H, W); by_logit : whether logits are averaged, or probabilities. Input `images` (n, n_views, H, W)
    float32 in [0, 1]; outputs `logit` and `probability`, (n,). Raises BenchError when a package is missing or the
    difference is above 1e-4.
    """
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise PluginError(Problem("export", f"ONNX needs {', '.join(lacking)}", f"Install: {_INSTALL}. Or --no-onnx."))
    import onnxruntime

    networks = [each.network.to(memory_format=torch.contiguous_format).eval() for each in trained]  # type: ignore[call-overload]
    ensemble = _Ensemble(networks, trained[0].normalisation, by_logit=by_logit).eval()
    images = torch.rand((CHECKED, *shape), generator=torch.Generator().manual_seed(1))
    content = _exported(ensemble, images[:2])
    with torch.inference_mode():
        expected = ensemble(images)[0].numpy()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(["logit"], {"images": images.numpy()})
    difference = float(np.abs(found - expected).max())
    if not difference <= MOST_DIFFERENCE:
        differ = f"ONNX and torch differ by {difference:.2g} in a logit"
        raise BenchError(Problem("export", differ, f"Allowed: {MOST_DIFFERENCE}. --no-onnx exports the weights alone."))
    return content, difference


def _exported(ensemble: _Ensemble, images: torch.Tensor) -> bytes:
    quiet = logging.getLogger("torch.onnx")
    before = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own internals
            program: Any = torch.onnx.export(
                ensemble,
                (images,),
                dynamo=True,
                verbose=False,
                input_names=["images"],
                output_names=["logit", "probability"],
                dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            )
    finally:
        quiet.setLevel(before)
    content: bytes = program.model_proto.SerializeToString()
    return content
