"""The opened models of an arm, one for each of its units; those of a combined arm join what its members score."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ovcf_bench.hooks.contracts import Fitted, Fuser, ModelPlugin
from ovcf_bench.predict.bundle import Bundle

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Scores = Callable[[np.ndarray[Any, Any]], Doubles]  # images (n, n_views, H, W) uint16 to logits (n,)
Rule = Callable[[Sequence[Doubles]], Doubles]  # logits (n,) of each view to logits (n,)


def open_models(bundle: Bundle, device: str, threads: int) -> list[Scores]:
    """Return what every unit of the arm makes of images. Raises BenchError when there is no such device."""
    from ovcf_bench.training.device import choose_device, prepare_process

    if bundle.members:
        of_views = [open_models(member, device, threads) for member in bundle.members]
        return [_join(rule, models) for rule, *models in zip(open_rules(bundle), *of_views, strict=True)]
    prepare_process(threads)
    place = str(choose_device(device))
    return [functools.partial(_score, bundle.plugin, bundle.load(unit, place)) for unit in bundle.units]


def open_rules(bundle: Bundle) -> list[Rule]:
    """Return the rule of every unit of a combined arm."""
    from ovcf_bench.training.unit import load_saved

    rules = [load_saved(bundle.plugin, bundle.params, unit, bundle.context) for unit in bundle.units]
    return [functools.partial(_combine, bundle.plugin, rule) for rule in rules]


def _score(plugin: ModelPlugin, fitted: Fitted, pixels: np.ndarray[Any, Any]) -> Doubles:
    from ovcf_bench.training.unit import scores_of

    return scores_of(plugin, fitted, pixels, len(pixels))[:, 0].astype(np.float64)


def _join(rule: Rule, models: Sequence[Scores]) -> Scores:
    def joined(pixels: np.ndarray[Any, Any]) -> Doubles:
        return rule([model(pixels[:, [place]]) for place, model in enumerate(models)])

    return joined


def _combine(plugin: ModelPlugin, rule: Fuser, of_views: Sequence[Doubles]) -> Doubles:
    from ovcf_bench.training.unit import scores_of

    return scores_of(plugin, rule, np.column_stack(of_views), len(of_views[0]))[:, 0].astype(np.float64)
