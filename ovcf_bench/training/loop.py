"""The one training loop, for CPU, CUDA and MPS."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ovcf_bench import seeds
from ovcf_bench.errors import Problem, UnitError
from ovcf_bench.hooks.contracts import FitContext, Images
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.training import augment
from ovcf_bench.training.batches import epoch_order, normalise, read_batch, split_into_batches
from ovcf_bench.training.device import autocast, prepare_network, seed_layers
from ovcf_bench.training.networks import load_epoch, save_epoch
from ovcf_bench.training.optimisation import make_optimizer, make_schedule
from ovcf_bench.training.scoring import TrainedNetwork

_SECONDS_BETWEEN_STEPS_REPORTED = 0.5


@dataclass(slots=True)
class _Training:
    """Everything that changes while a unit trains."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    average: AveragedModel | None
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None  # {"value": float, "epoch": int, "weights": state_dict}

    def state(self) -> dict[str, Any]:
        states = {name: None if part is None else part.state_dict() for name, part in self._parts.items()}
        return {**states, "epoch": self.epoch, "history": self.history, "best": self.best}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, part in self._parts.items():
            if part is not None:
                part.load_state_dict(state[name])
        self.epoch, self.history, self.best = state["epoch"], list(state["history"]), state["best"]

    @property
    def _parts(self) -> dict[str, Any]:
        names = ("network", "optimizer", "schedule", "average")
        return {name: getattr(self, name) for name in names}

    @property
    def candidate(self) -> nn.Module:
        """The network that would be kept now: the averaged one when weights are averaged."""
        return self.average.module if self.average else self.network


def fit_network(
    build: Callable[[], nn.Module], train: Images, tune: Images | None, plan: TrainingSection, context: FitContext
) -> tuple[TrainedNetwork, list[dict[str, Any]]]:
    """Return the trained network and its history (one mapping per epoch).

    `tune` chooses the checkpoint when the plan says so. After a kill the last finished epoch is taken up, and
    the result is the same to the byte. Raises UnitError when the loss is not finite.
    """
    device = torch.device(context.device)
    seed_layers(context.seed, "initial weights")
    network = prepare_network(build(), device, plan.precision)
    optimizer = make_optimizer(network, plan.optimizer)
    steps = len(split_into_batches(_order(train, plan, context.seed, 0), plan.batch_size))
    schedule = make_schedule(optimizer, plan.schedule, steps, plan.epochs)
    average = None
    if plan.ema:
        rule = get_ema_multi_avg_fn(plan.ema)  # type: ignore[no-untyped-call]
        average = AveragedModel(network, multi_avg_fn=rule, use_buffers=True)
    training = _Training(network, optimizer, schedule, average)
    if state := load_epoch(context.folder):
        training.restore(state)
    while training.epoch < plan.epochs:
        _one_epoch(training, train, plan, context)
        _keep_best(training, tune, plan, context)
        save_epoch(context.folder, training.state())
        context.report({"kind": "epoch", "epochs": plan.epochs, **training.history[-1]})
    if training.best:
        training.candidate.load_state_dict(training.best["weights"])
    return TrainedNetwork(training.candidate, device, plan.normalisation), training.history


def _order(train: Images, plan: TrainingSection, seed: int, epoch: int) -> np.ndarray[Any, Any]:
    generator = seeds.generator(seed, "order", epoch)
    return epoch_order(train.labels[:, 0], generator, balanced=plan.balanced_sampling)


def _one_epoch(training: _Training, train: Images, plan: TrainingSection, context: FitContext) -> None:
    """Train one epoch. Its random numbers depend on its number alone, so that an epoch can follow a restart."""
    epoch = training.epoch
    seed_layers(context.seed, "layers", epoch)
    generator = torch.Generator().manual_seed(seeds.stream(context.seed, "augmentation", epoch))
    batches = split_into_batches(_order(train, plan, context.seed, epoch), plan.batch_size)
    change = augment.RandAugment(plan.augmentation.randaugment) if plan.augmentation.randaugment else None
    training.network.train()
    losses = []
    begun = told = time.perf_counter()
    for step, rows in enumerate(batches):
        images = read_batch(train.pixels, rows, torch.device(context.device))
        if change:
            images = change(images)
        images = augment.move(normalise(images, plan.normalisation), plan.augmentation, generator)
        images = augment.jitter(images, plan.augmentation, generator)
        targets = torch.from_numpy(train.labels[rows].astype(np.float32)).to(images.device)
        losses.append(_step(training, images, targets, plan))
        # Stopped here: scores of a network that holds NaN would be refused an hour later, without the cause.
        if not math.isfinite(losses[-1]):
            rate = training.optimizer.param_groups[0]["lr"]
            found = f"the loss is {losses[-1]} in epoch {epoch + 1}, step {step + 1} (learning rate {rate:.2g})"
            raise UnitError(Problem("training", found, "Lower training.optimizer.learning_rate, or set gradient_clip."))
        now = time.perf_counter()
        if now - told > _SECONDS_BETWEEN_STEPS_REPORTED:
            told = now
            done = (epoch + (step + 1) / len(batches)) / plan.epochs
            context.report({"kind": "step", "done": done, "loss": losses[-1]})
    seconds = time.perf_counter() - begun
    training.epoch += 1
    training.history.append(
        {
            "epoch": training.epoch,
            "loss": float(np.mean(losses)),
            "learning_rate": float(training.optimizer.param_groups[0]["lr"]),
            "images_per_second": round(sum(map(len, batches)) / seconds, 2),
        }
    )


def _step(training: _Training, images: torch.Tensor, targets: torch.Tensor, plan: TrainingSection) -> float:
    with autocast(images.device, plan.precision):
        logits = training.network(images.contiguous(memory_format=torch.channels_last))
    # In float32: bfloat16 keeps three digits, too few to tell the losses of late epochs apart.
    loss = functional.binary_cross_entropy_with_logits(logits.float(), targets)
    training.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if plan.gradient_clip:
        nn.utils.clip_grad_norm_(training.network.parameters(), plan.gradient_clip)
    training.optimizer.step()
    training.schedule.step()
    if training.average:
        training.average.update_parameters(training.network)
    return loss.item()


def _keep_best(training: _Training, tune: Images | None, plan: TrainingSection, context: FitContext) -> None:
    """Note loss and AUROC of the tuning images, and keep the weights of the best epoch (the first of equals)."""
    if tune is None:
        return
    network = TrainedNetwork(training.candidate, torch.device(context.device), plan.normalisation)
    logits = network.scores(tune.pixels)[:, 0]
    labels = tune.labels[:, 0]
    truth = torch.from_numpy(labels.astype(np.float32))
    loss = functional.binary_cross_entropy_with_logits(torch.from_numpy(logits), truth).item()
    from sklearn.metrics import roc_auc_score  # only here: its import takes longer than a short unit

    auroc = float(roc_auc_score(labels, logits))
    training.history[-1].update(tuning_loss=loss, tuning_auroc=auroc)
    accuracy = float(np.mean((logits >= 0) == labels))
    value = {"best_auroc": auroc, "best_loss": -loss, "best_accuracy_on_fold": accuracy}[plan.checkpoint]
    if training.best is None or value > training.best["value"]:
        # state_dict holds the tensors themselves, and the next step changes them.
        weights = copy.deepcopy(training.candidate.state_dict())
        training.best = {"value": value, "epoch": training.epoch, "weights": dict(weights)}
