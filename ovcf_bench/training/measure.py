"""Measures a few training steps: to choose the precision of a study, and to say how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from ovcf_bench.hooks.contracts import BuildContext, ModelPlugin, Params
from ovcf_bench.training.device import autocast, choose_device, prepare_network, prepare_process
from ovcf_bench.training.networks import build_network

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
    precision: str = "float32"


def choose_precision(probe: Probe, report: Callable[[Mapping[str, Any]], None]) -> str:
    """Return "bfloat16" when all networks of the study together train faster with it, else "float32".

    One choice for the whole study: arms that are compared compute alike.
    """
    prepare_process(probe.threads)
    device = choose_device(probe.device)
    if not has_bfloat16(device):
        return "float32"
    seconds = {
        precision: sum(_seconds(*network, device, precision) for network in probe.networks)
        for precision in ("float32", "bfloat16")
    }
    return "bfloat16" if seconds["float32"] > _GAIN * seconds["bfloat16"] else "float32"


def seconds_per_image(probe: Probe, report: Callable[[Mapping[str, Any]], None]) -> list[float]:
    """Return the seconds that one training image takes, for each network."""
    prepare_process(probe.threads)
    device = choose_device(probe.device)
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
