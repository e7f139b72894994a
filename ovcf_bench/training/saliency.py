"""Where the networks of an arm looked: Grad-CAM, averaged over the folds.

Source: Selvaraju et al., ICCV 2017, eq. 1 and 2, on the last feature maps that still have a place in the image.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ovcf_bench.hooks.contracts import BuildContext, ModelPlugin, Params, Pixels
from ovcf_bench.training.batches import normalised
from ovcf_bench.training.device import prepare_process
from ovcf_bench.training.networks import build_network, load_weights

Maps = np.ndarray[Any, np.dtype[np.float32]]
_BATCH = 8


@dataclass(frozen=True, slots=True)
class SaliencyJob:
    """The images to be looked at and the finished units of one arm; weights come from their folders."""

    plugin: ModelPlugin
    params: Params
    build: BuildContext
    normalisation: str
    units: Sequence[Path]
    pixels: Pixels
    device: str
    threads: int


def map_saliency(job: SaliencyJob, report: Callable[[Mapping[str, Any]], None]) -> Maps:
    """Return where evidence for the positive class lies, (n, h, w) float32; the highest of each image is 1, or all 0.

    h x w is the size of the network's last feature maps.
    """
    device = prepare_process(job.threads, job.device)
    # Networks differ in the size of their gradients: each counts alike in the mean of the folds.
    return _scaled(functools.reduce(operator.add, (_of_unit(folder, job, device) for folder in job.units)))


def _of_unit(folder: Path, job: SaliencyJob, device: torch.device) -> Maps:
    network = build_network(job.plugin, job.params, job.build)
    load_weights(folder, network)
    network.to(device).eval()
    batches = normalised(job.pixels, _BATCH, device, job.normalisation)
    return _scaled(np.concatenate([_gradcam(network, images) for images in batches]))


def _gradcam(network: nn.Module, images: torch.Tensor) -> Maps:
    """Return the maps of a batch, (b, h, w), not negative."""
    last: list[torch.Tensor] = []

    def keep(module: nn.Module, given: Any, made: Any) -> None:
        # Pooled maps of 1 x 1 have four dimensions too, and no place in the image left.
        if isinstance(made, torch.Tensor) and made.ndim == 4 and made.shape[-1] * made.shape[-2] > 1:
            last[:] = [made]

    hooks = [module.register_forward_hook(keep) for module in network.modules() if module is not network]
    try:
        with torch.enable_grad():
            logits = network(images.requires_grad_())
    finally:
        for hook in hooks:
            hook.remove()
    if not last:
        return np.zeros((len(images), 1, 1), dtype=np.float32)
    (gradient,) = torch.autograd.grad(logits[:, 0].sum(), last[0])
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    # Evidence against the class is not shown: it would be coloured like evidence for it (Selvaraju 2017, eq. 2).
    maps = functional.relu((weights * last[0]).sum(dim=1))
    return np.asarray(maps.detach().float().cpu().numpy(), dtype=np.float32)


def _scaled(maps: Maps) -> Maps:
    highest = maps.max(axis=(1, 2), keepdims=True)
    scaled: Maps = np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)
    return scaled
