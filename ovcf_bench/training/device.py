"""Where a unit computes, and with which arithmetic."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import nn

from ovcf_bench.errors import BenchError, Problem, one_of
from ovcf_bench.seeds import stream


def choose_device(wanted: str) -> torch.device:
    """Return the device; "auto" takes CUDA, then MPS, then the CPU. Raises BenchError when it is not there."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if available[name]))
    if not available.get(wanted, False):
        here = [name for name, there in available.items() if there]
        raise BenchError(Problem("--device", f"{wanted!r} is not available here", one_of(wanted, here)))
    return torch.device(wanted)


def prepare_process(threads: int) -> None:
    """Fix what would make bytes depend on the machine's load: thread count and algorithm selection."""
    # Sums are parted by threads, so their last bits depend on how many there are.
    torch.set_num_threads(threads)
    # cuDNN times its algorithms anew in each process and may take another one: other last bits, other scores.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def seed_layers(seed: int, *name: object) -> None:
    """Point torch's global generator at a named stream: initial weights, dropout and torchvision draw from it."""
    torch.manual_seed(stream(seed, *name))


def prepare_network(network: nn.Module, device: torch.device, precision: str) -> nn.Module:
    """Return the network on its device, channels last; under bfloat16 depthwise convolutions stay float32."""
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if precision == "bfloat16":
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1 and module.groups == module.in_channels:
                # CPU kernels for depthwise convolutions are slower in bfloat16 than in float32.
                module.forward = functools.partial(_in_float32, module.forward)  # type: ignore[method-assign]
    return network


def _in_float32(forward: Any, images: torch.Tensor) -> torch.Tensor:
    with torch.autocast(images.device.type, enabled=False):
        result: torch.Tensor = forward(images.float())
    return result


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which training computes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
