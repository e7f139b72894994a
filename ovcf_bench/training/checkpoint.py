"""A unit's state on disk: after every epoch while it trains, as safetensors when it is done."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from ovcf_bench.files import write_atomically

_EPOCH = "epoch.pt"
WEIGHTS = "model.safetensors"


def save_epoch(folder: Path, state: dict[str, Any]) -> None:
    """Write everything that the next epoch needs; a kill later costs at most one epoch."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(folder / _EPOCH, buffer.getvalue())


def load_epoch(folder: Path) -> dict[str, Any] | None:
    """Return the state after the last finished epoch, or None. Only tensors and plain values are accepted."""
    path = folder / _EPOCH
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def forget_epochs(folder: Path) -> None:
    """Remove the epoch state of a finished unit."""
    (folder / _EPOCH).unlink(missing_ok=True)


def save_weights(folder: Path, network: nn.Module) -> None:
    """Write the network's weights and buffers as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(folder / WEIGHTS, safetensors.torch.save(tensors))


def load_weights(folder: Path, network: nn.Module) -> None:
    """Give a network of the same shape the weights and buffers of a finished unit."""
    network.load_state_dict(safetensors.torch.load((folder / WEIGHTS).read_bytes()))
