"""Where a unit computes, with which arithmetic, and how fast."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ovcf_bench.errors import BenchError, Problem, one_of
from ovcf_bench.hooks.contracts import BuildContext, ModelPlugin, Params
from ovcf_bench.seeds import stream
from ovcf_bench.training.networks import build_network


def choose_device(wanted: str) -> torch.device:
    """Return the device; "auto" takes CUDA, then MPS, then the CPU. Raises BenchError when it is not there."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if available[name]))
    if not available.get(wanted, False):
        here = [name for name, there in available.items() if there]
        raise BenchError(Problem("--device", f"{wanted!r} is not available here", one_of(wanted, here)))
    return torch.device(wanted)


def prepare_process(threads: int, device: str = "cpu") -> torch.device:
    """Return the device, after fixing what would make bytes depend on the machine's load: threads and algorithms."""
    # Sums are parted by threads, so their last bits depend on how many there are.
    torch.set_num_threads(threads)
    # cuDNN times its algorithms anew in each process and may take another one: other last bits, other scores.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return choose_device(device)


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


_BATCH = 4  # small: a large network on a CPU takes seconds for each image
_STEPS = 2
_GAIN = 1.1  # bfloat16 must be worth its rounding


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 at all; emulation is many times slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        flags = Path("/proc/cpuinfo")
        words = set(flags.read_text().split()) if flags.exists() else set()
        return bool(words & {"avx512_bf16", "amx_bf16", "bf16"})
    return False


@dataclass(frozen=True, slots=True)
class Probe:
    """Networks that the core trains, to be measured on a device."""

    networks: Sequence[tuple[ModelPlugin, Params, BuildContext]]
    device: str
    threads: int
    precision: str


def choose_precision(probe: Probe, report: Callable[[Mapping[str, Any]], None]) -> str:
    """Return "bfloat16" when all networks of the study together train faster with it, else "float32".

    One choice for the whole study: arms that are compared compute alike.
    """
    device = prepare_process(probe.threads, probe.device)
    if not has_bfloat16(device):
        return "float32"
    seconds = {
        precision: sum(_seconds(*network, device, precision) for network in probe.networks)
        for precision in ("float32", "bfloat16")
    }
    return "bfloat16" if seconds["float32"] > _GAIN * seconds["bfloat16"] else "float32"


def seconds_per_image(probe: Probe, report: Callable[[Mapping[str, Any]], None]) -> list[float]:
    """Return the seconds that one training image takes, for each network."""
    device = prepare_process(probe.threads, probe.device)
    return [_seconds(*network, device, probe.precision) / _BATCH for network in probe.networks]


def _seconds(plugin: ModelPlugin, params: Params, context: BuildContext, device: torch.device, precision: str) -> float:
    """Return the seconds of one training step."""
    network = prepare_network(build_network(plugin, params, context), device, precision).train()
    images = torch.rand(_BATCH, context.n_views, context.height, context.width, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = torch.zeros(_BATCH, context.n_targets, device=device)
    taken = []
    for _ in range(_STEPS + 1):  # the first step also allocates
        begun = time.perf_counter()
        with autocast(device, precision):
            logits = network(images)
        functional.binary_cross_entropy_with_logits(logits.float(), targets).backward()  # type: ignore[no-untyped-call]
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun)
    return min(taken[1:])
