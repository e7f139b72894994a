"""Any architecture of timm, reading one view (or several, stacked as channels)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ovcf_bench.api import BuildContext, ModelPlugin, hookimpl
from ovcf_plugins.models.timm_networks.backbones import check, create, describe
from ovcf_plugins.models.timm_networks.params import BackboneParams

if TYPE_CHECKING:
    from torch import nn


def build(params: BackboneParams, context: BuildContext) -> nn.Module:
    """Return the network: (n, n_views, H, W) float32 in, (n, n_targets) logits out."""
    return create(params, context.n_views, context.n_targets, pretrained=context.pretrained)


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `timm`."""
    register(
        ModelPlugin(
            name="timm",
            params=BackboneParams,
            summary="Any network of timm by name, random, from ImageNet, or from a safetensors file",
            build=build,
            check=check,
            describe=describe,
        )
    )
