"""What a study may say of networks of timm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ovcf_bench.api import Params


class BackboneParams(Params):
    """Which network of timm, and where its weights come from."""

    architecture: str = Field(description="A name that `timm.list_models()` knows.")
    weights: Annotated[str, Field(pattern=r"^(none|imagenet|file:.+\.safetensors)$")] = Field(
        default="none", description="none (random), imagenet (from the model hub), or file:PATH.safetensors."
    )
    channels: Literal[1, 3] = Field(default=1, description="Input channels for each view; 3 repeats the grey image.")
    arguments: Mapping[str, Any] = Field(
        default_factory=dict, description="Further keyword arguments of timm.create_model."
    )
