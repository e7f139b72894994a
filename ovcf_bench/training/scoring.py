"""Scores of a trained network: always float32, in a fixed order, in batches of a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ovcf_bench.hooks.contracts import Pixels
from ovcf_bench.training.batches import normalised
from ovcf_bench.training.networks import save_weights

_BATCH = 64  # fixed: the last bits of a convolution may depend on the shape of its batch
_MOST_PIXELS = 64 * 160 * 96 * 4  # large images go in smaller batches, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network after training, as the core uses it (`api.Fitted`)."""

    network: nn.Module
    device: torch.device
    normalisation: str

    def scores(self, pixels: Pixels) -> np.ndarray[Any, Any]:
        """Return logits (n, n_targets) float32 of `pixels` (n, n_views, H, W) uint16."""
        _, views, height, width = pixels.shape
        size = max(1, min(_BATCH, _MOST_PIXELS // (views * height * width)))
        self.network.eval()
        found = []
        with torch.inference_mode():
            for images in normalised(pixels, size, self.device, self.normalisation):
                logits = self.network(images.contiguous(memory_format=torch.channels_last))
                found.append(logits.float().cpu().numpy())
        return np.concatenate(found)

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors."""
        save_weights(folder, self.network)
