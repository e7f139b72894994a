"""Builds a plugin's network and holds it against the contract before anything is trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ovcf_bench.errors import PluginError, Problem
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
