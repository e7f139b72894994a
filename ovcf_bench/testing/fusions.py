"""What a model must do that combines the scores of single views."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.api import Fuser, ModelPlugin, Params
from ovcf_bench.plugin_calls import calling
from ovcf_bench.testing.checks import Check, ContractError
from ovcf_bench.testing.pickles import is_pickle
from ovcf_bench.training.unit import wrong_scores

_N, _VIEWS = 60, 2
_LOWEST_AUROC = 0.9


def fusion_checks(plugin: ModelPlugin, params: Params) -> list[Check]:
    """Return the checks of a rule with these parameters, tried on scores of two views that both tell the classes."""
    contracts = (
        ("scores", "scores() gives finite float32 logits (n, 1), each row for itself", _rows),
        ("same again", "the same scores and labels give the same rule", _same),
        ("learns", f"two views that tell the classes apart stay telling: AUROC {_LOWEST_AUROC} at least", _tells),
        ("saves", "save() writes a file, and no pickle", _saves),
        ("fuses", "fuses() names a model of the study", _names),
    )
    name = f"model {plugin.name!r}"
    return [Check(name, title, contract, partial(look, plugin, params)) for title, contract, look in contracts]


def _scores() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    labels = (np.arange(_N) % 2).astype(np.uint8)
    noise = np.random.default_rng(3).standard_normal((_N, _VIEWS))
    return 4.0 * labels[:, None] - 2.0 + noise, labels


def _made(plugin: ModelPlugin, params: Params) -> Fuser:
    assert plugin.fuse is not None, "only a plugin that fuses is tried so"
    with calling(f"model {plugin.name!r}", plugin.fuse):
        return plugin.fuse(params, *_scores())


def _of(fuser: Fuser, logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found = fuser.scores(logits)
    if problem := wrong_scores(found, (len(logits), 1)):
        raise ContractError(*problem)
    return found


def _rows(plugin: ModelPlugin, params: Params) -> None:
    fuser, (logits, _) = _made(plugin, params), _scores()
    together = _of(fuser, logits)
    alone = np.concatenate([_of(fuser, logits[[row]]) for row in range(_N)])
    if not np.allclose(alone, together, rtol=1e-6, atol=1e-6):
        raise ContractError("a score changes when other rows are scored beside it", "Use each row alone: no ranks.")


def _same(plugin: ModelPlugin, params: Params) -> None:
    logits, _ = _scores()
    if not np.array_equal(_of(_made(plugin, params), logits), _of(_made(plugin, params), logits)):
        raise ContractError("two fits give different scores", "Draw no random numbers, or from a fixed seed.")


def _tells(plugin: ModelPlugin, params: Params) -> str:
    logits, labels = _scores()
    found = _of(_made(plugin, params), logits)[:, 0]
    mine, others = found[labels == 1], found[labels == 0]
    auroc = float(np.mean((mine[:, None] > others) + 0.5 * (mine[:, None] == others)))
    if auroc < _LOWEST_AUROC:
        raise ContractError(f"AUROC {auroc:.2f}", "Higher scores must mean label 1.")
    return f"AUROC {auroc:.2f}"


def _saves(plugin: ModelPlugin, params: Params) -> str:
    with tempfile.TemporaryDirectory() as folder:
        _made(plugin, params).save(Path(folder))
        files = sorted(Path(folder).iterdir())
        if not files or any(is_pickle(path) for path in files):
            raise ContractError("save() writes nothing, or a pickle", "Write numbers as JSON or .npy.")
        return ", ".join(path.name for path in files)


def _names(plugin: ModelPlugin, params: Params) -> str:
    assert plugin.fuses is not None, "given together with fuse"
    with calling(f"model {plugin.name!r}", plugin.fuses):
        found: Any = plugin.fuses(params)
    if not isinstance(found, str) or not found:
        raise ContractError(f"returns {found!r}", "Return the name that the study gives to the model.")
    return found
