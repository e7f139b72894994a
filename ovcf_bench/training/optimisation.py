"""Optimiser and learning-rate schedule from the study's settings."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import lr_scheduler

from ovcf_bench.study.schema import OptimizerSection, ScheduleSection

Schedule = lr_scheduler.LRScheduler


def make_optimizer(network: nn.Module, settings: OptimizerSection) -> torch.optim.Optimizer:
    """Return the optimiser; biases and norms (one-dimensional parameters) are not decayed."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # Decay pulls a norm's scale towards 0, where the layer would pass nothing on.
    groups = [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]
    rate = settings.learning_rate
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=settings.momentum)
    if settings.name == "adam":
        return torch.optim.Adam(groups, lr=rate)
    return torch.optim.AdamW(groups, lr=rate)


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: ScheduleSection, steps_per_epoch: int, epochs: int
) -> Schedule:
    """Return the schedule, to be stepped once after every batch."""
    total = steps_per_epoch * epochs
    if settings.name == "one_cycle":
        rate = optimizer.param_groups[0]["lr"]
        return lr_scheduler.OneCycleLR(optimizer, rate, total_steps=total, pct_start=settings.peak_at)
    if settings.name == "constant":
        return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)
    warmup = min(round(settings.warmup_epochs * steps_per_epoch), total - 1)
    after: Schedule
    # Kim 2024's schedule: a ramp of one epoch, then cosine restarts.
    if settings.name == "warmup_restarts":
        cycle = settings.restart_epochs * steps_per_epoch
        after = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=cycle)
    else:
        after = lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup)
    if not warmup:
        return after
    ramp = lr_scheduler.LinearLR(optimizer, start_factor=settings.warmup_factor, total_iters=warmup)
    return lr_scheduler.SequentialLR(optimizer, [ramp, after], milestones=[warmup])
