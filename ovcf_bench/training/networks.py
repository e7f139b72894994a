"""Networks: built by a plugin and held against the contract, and their state on disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from ovcf_bench.errors import PluginError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, ModelPlugin, Params

_PROBED = 2  # images


def build_network(plugin: ModelPlugin, params: Params, context: BuildContext) -> nn.Module:
    """Return the network of a plugin that builds one.

    Raises PluginError when `build` fails, gives no module, or a module whose output is not (n, n_targets). The trial
    leaves weights, buffers and random numbers as they are.
    """
    assert plugin.build is not None, "only a plugin that builds networks is asked for one"
    where = f"model {plugin.name!r}"
    with calling(where, plugin.build):
        network: Any = plugin.build(params, context)
    if not isinstance(network, nn.Module):
        found = f"returns {type(network).__name__}"
        raise PluginError(Problem(f"{where}, build", found, "Return a torch.nn.Module."))
    if not any(parameter.requires_grad for parameter in network.parameters()):
        found = "the network has no parameter that can be trained"
        raise PluginError(Problem(f"{where}, build", found, "Leave some with requires_grad, or use fit and load."))
    shape = (_PROBED, context.n_views, context.height, context.width)
    training = network.training
    network.eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad(), calling(where, plugin.build, "forward of its network"):
        logits = network(torch.zeros(shape))
    network.train(training)
    wanted = (_PROBED, context.n_targets)
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != wanted:
        given = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        found = f"the network makes {given} of images {shape}"
        raise PluginError(Problem(f"{where}, build", found, f"Wanted: logits {wanted}, one for each target."))
    return network


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
