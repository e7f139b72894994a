"""Networks of timm: which one, with which weights, for how many channels in and numbers out."""

from __future__ import annotations

import functools
import hashlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovcf_bench.api import PluginError, Problem, did_you_mean, ensure_torchvision
from ovcf_plugins.models.timm_networks.params import BackboneParams

if TYPE_CHECKING:
    from torch import nn

_HUB = ("huggingface.co", 443)
_PROBE_SECONDS = 3.0  # without network a download would be retried for minutes
_FILE = "file:"


def create(params: BackboneParams, n_views: int, n_outputs: int, *, pretrained: bool) -> nn.Module:
    """Return the network: (n, n_views, H, W) float32 in; (n, n_outputs) out, or its features when n_outputs is 0."""
    timm = _timm()
    from_hub = params.weights == "imagenet" and pretrained
    if from_hub:
        os.environ["HF_HUB_OFFLINE"] = "1" if _cached(params.architecture) else "0"
    network = timm.create_model(
        params.architecture,
        pretrained=from_hub,
        in_chans=params.channels * n_views,
        num_classes=n_outputs,
        **params.arguments,
    )
    if params.weights.startswith(_FILE) and pretrained:
        _load_file(network, params)
    return network if params.channels == 1 else _repeated(network, params.channels)


def _timm() -> Any:
    ensure_torchvision()
    import timm

    return timm


def _repeated(network: nn.Module, channels: int) -> nn.Module:
    """Return a network that shows every grey image to `network` as `channels` equal channels."""
    from torch import nn

    class Repeated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.described_by = network

        def forward(self, images: Any) -> Any:
            return self.described_by(images.repeat_interleave(channels, dim=1))

    return Repeated()


def _load_file(network: nn.Module, params: BackboneParams) -> None:
    """Load weights of a file; layers that depend on the number of classes may differ and stay random."""
    import safetensors.torch

    found = safetensors.torch.load_file(_weights_path(params))
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in found.items() if name in own and own[name].shape == tensor.shape}
    lacking = [name for name in own if name not in fitting and not name.startswith(_head(network))]
    if lacking:
        named = ", ".join(lacking[:3])
        problem = f"the file lacks {len(lacking)} tensors of {params.architecture} (such as {named})"
        raise PluginError(Problem("a timm network, weights", problem, "Use weights of the same architecture."))
    network.load_state_dict(fitting, strict=False)


def _head(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the layers whose shape depends on the number of classes."""
    names = (getattr(network, "pretrained_cfg", None) or {}).get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def _weights_path(params: BackboneParams) -> Path:
    return Path(os.path.expandvars(params.weights.removeprefix(_FILE))).expanduser()


def check(params: BackboneParams) -> list[Problem]:
    """Return what would stop this model: an unknown architecture, weights that cannot be had."""
    timm = _timm()
    if not timm.is_model(params.architecture):
        suggestion = did_you_mean(params.architecture, timm.list_models())
        found = f"timm knows no architecture {params.architecture!r}"
        return [Problem("a timm network", found, f"See timm.list_models(). {suggestion}".strip())]
    if params.weights.startswith(_FILE) and not _weights_path(params).is_file():
        return [Problem("a timm network", f"no weights file {_weights_path(params).name!r}", "Check the path.")]
    if params.weights == "imagenet":
        return _check_imagenet(params.architecture)
    return []


def _check_imagenet(architecture: str) -> list[Problem]:
    where = f"a timm network, weights: imagenet for {architecture}"
    ways_out = (
        "Either fetch them on a connected machine "
        f"(python -c \"import timm; timm.create_model('{architecture}', pretrained=True)\") and copy its "
        "Hugging Face cache here, or choose weights: none (random; the report says so) or weights: "
        "file:PATH.safetensors."
    )
    if not _pretrained(architecture):
        return [Problem(where, "timm offers no pretrained weights for it", ways_out)]
    if not _cached(architecture) and not _hub_answers():
        return [Problem(where, "the weights are not on this machine and the model hub cannot be reached", ways_out)]
    return []


def _pretrained(architecture: str) -> Any:
    """Return timm's description of the pretrained weights, or None."""
    cfg = _timm().get_pretrained_cfg(architecture)
    return cfg if cfg and (cfg.hf_hub_id or cfg.url) else None


@functools.cache
def _cached(architecture: str) -> bool:
    """Whether the ImageNet weights lie in the local cache of the model hub."""
    from huggingface_hub import try_to_load_from_cache

    cfg = _pretrained(architecture)
    names = ("model.safetensors", "pytorch_model.bin")
    return bool(cfg) and any(isinstance(try_to_load_from_cache(cfg.hf_hub_id, name), str) for name in names)


@functools.cache
def _hub_answers() -> bool:
    try:
        socket.create_connection(_HUB, timeout=_PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def describe(params: BackboneParams) -> dict[str, Any]:
    """Return what identifies the starting point; a weights file is identified by its content."""
    if not params.weights.startswith(_FILE):
        return {"architecture": params.architecture, "weights": params.weights}
    path = _weights_path(params)
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return {"architecture": params.architecture, "weights": f"file:{path.name}", "weights_sha256": content}
