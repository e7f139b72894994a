"""One backbone for each view, joined before the last layer and trained together: early enough to learn from both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import BuildContext, ModelPlugin, PluginError, Problem, hookimpl
from ovcf_plugins.models.timm_networks.backbones import check, create, describe
from ovcf_plugins.models.timm_networks.params import BackboneParams

if TYPE_CHECKING:
    from torch import nn


class TwoStreamParams(BackboneParams):
    """Parameters of the `two_stream` model."""

    shared: bool = Field(default=False, description="One backbone reads all views, instead of one for each.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of the joined features dropped in training.")


def build(params: TwoStreamParams, context: BuildContext) -> nn.Module:
    """Return the network: (n, n_views, H, W) float32 in, (n, n_targets) logits out. Raises PluginError for one view."""
    import torch
    from torch import nn

    if context.n_views < 2:
        allowed = "Give its arms a list of views: include: [{views: [ap, lateral], model: NAME}]."
        raise PluginError(Problem("model 'two_stream'", "is asked to read one view", allowed))
    n_streams = 1 if params.shared else context.n_views
    streams = [create(params, 1, 0, pretrained=context.pretrained) for _ in range(n_streams)]
    width = sum(_n_features(stream, context) for stream in streams) * (context.n_views if params.shared else 1)

    class TwoStream(nn.Module):
        """Features of every view side by side, then one linear layer."""

        def __init__(self) -> None:
            super().__init__()
            self.streams = nn.ModuleList(streams)
            self.head = nn.Sequential(nn.Dropout(params.dropout), nn.Linear(width, context.n_targets))

        def forward(self, images: torch.Tensor) -> Any:
            views = torch.split(images, 1, dim=1)
            seen = [self.streams[0 if params.shared else place](view) for place, view in enumerate(views)]
            return self.head(torch.cat(seen, dim=1))

    return TwoStream()


def _n_features(stream: nn.Module, context: BuildContext) -> int:
    """Return the number of features that a backbone makes of one image."""
    import torch

    training = stream.training
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        n = int(stream.eval()(torch.zeros(1, 1, context.height, context.width)).shape[1])
    stream.train(training)
    return n


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `two_stream`."""
    register(
        ModelPlugin(
            name="two_stream",
            params=TwoStreamParams,
            summary="Two views (or more), a timm backbone for each, trained jointly",
            build=build,
            check=check,
            describe=describe,
        )
    )
