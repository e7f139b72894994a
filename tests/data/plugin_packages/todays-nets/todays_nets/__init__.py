"""A small network that the core trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import BuildContext, ModelPlugin, Params, Problem, ensure_torchvision, hookimpl, one_of

if TYPE_CHECKING:
    from torch import nn

ACTIVATIONS = ("relu", "gelu")


class NetParams(Params):
    """What a study may set under `params`."""

    width: int = Field(default=16, ge=1, le=512, description="Channels of the first layer.")
    activation: str = Field(default="relu", description="relu or gelu.")


def build(params: NetParams, context: BuildContext) -> nn.Module:
    """Return the network: (n, n_views, height, width) float32 in, (n, n_targets) logits out."""
    ensure_torchvision()  # before torchvision, whose build may not fit torch's
    from torch import nn
    from torchvision.ops import Conv2dNormActivation

    activation = {"relu": nn.ReLU, "gelu": nn.GELU}[params.activation]
    width = params.width
    return nn.Sequential(
        Conv2dNormActivation(context.n_views, width, 5, 2, activation_layer=activation, inplace=None),
        Conv2dNormActivation(width, 2 * width, 3, 2, activation_layer=activation, inplace=None),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, context.n_targets),
    )


def check(params: NetParams) -> Sequence[Problem]:
    """Return what would stop this model."""
    if params.activation in ACTIVATIONS:
        return []
    allowed = one_of(params.activation, ACTIVATIONS)
    return [Problem("model 'todays_net', activation", f"{params.activation!r} is unknown", allowed)]


def describe(params: NetParams) -> Mapping[str, Any]:
    """Return what identifies the starting point."""
    return {"architecture": f"two layers, {params.width} channels", "weights": "none"}


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model."""
    register(
        ModelPlugin(
            name="todays_net",
            params=NetParams,
            summary="Two layers",
            build=build,
            check=check,
            describe=describe,
            requires=("torchvision",),
        )
    )
