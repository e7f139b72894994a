"""What a model must do that combines the scores of single views."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, Fuser, ModelPlugin, Params
from ovcf_bench.testing.checks import Check, ContractError
from ovcf_bench.testing.pickles import is_pickle
from ovcf_bench.testing.telling import LOWEST_AUROC, telling
from ovcf_bench.training.unit import check_fitted, load_saved, scores_of

_N = 60
_CONTEXT = BuildContext(("ap", "lateral"), 64, 48)


def fusion_checks(plugin: ModelPlugin, params: Params) -> list[Check]:
    """Return the checks of a rule with these parameters, tried on scores of two views that both tell the classes."""
    contracts = (
        ("scores", "scores() gives finite float32 logits (n, 1), each row for itself", _rows),
        ("same again", "the same scores and labels give the same rule", _same),
        ("learns", f"two views that tell the classes apart stay telling: AUROC {LOWEST_AUROC} at least", _tells),
        ("save and load", "save() writes no pickle, and what is loaded scores alike", _round_trip),
        ("fuses", "fuses() names a model of the study", _names),
    )
    name = f"model {plugin.name!r}"
    return [
        Check(name, title, contract, partial(look, plugin, params), plugin.form, told=True)
        for title, contract, look in contracts
    ]


def _scores() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    labels = (np.arange(_N) % 2).astype(np.uint8)
    noise = np.random.default_rng(3).standard_normal((_N, len(_CONTEXT.views)))
    return 4.0 * labels[:, None] - 2.0 + noise, labels


def _made(plugin: ModelPlugin, params: Params) -> Fuser:
    assert plugin.fuse is not None, "only a plugin that fuses is tried so"
    with calling(f"model {plugin.name!r}", plugin.fuse):
        fuser = plugin.fuse(params, *_scores())
    check_fitted(plugin, "fuse", fuser)
    return fuser


def _rows(plugin: ModelPlugin, params: Params) -> None:
    fuser, (logits, _) = _made(plugin, params), _scores()
    together = scores_of(plugin, fuser, logits, _N)
    alone = np.concatenate([scores_of(plugin, fuser, logits[[row]], 1) for row in range(_N)])
    if not np.allclose(alone, together, rtol=1e-6, atol=1e-6):
        raise ContractError("a score changes when other rows are scored beside it", "Use each row alone: no ranks.")


def _same(plugin: ModelPlugin, params: Params) -> None:
    logits, _ = _scores()
    first, again = (scores_of(plugin, _made(plugin, params), logits, _N) for _ in range(2))
    if not np.array_equal(first, again):
        raise ContractError("two fits give different scores", "Draw no random numbers, or from a fixed seed.")


def _tells(plugin: ModelPlugin, params: Params) -> str:
    logits, labels = _scores()
    found = scores_of(plugin, _made(plugin, params), logits, _N)[:, 0]
    return telling(found, labels == 1, "on the exams that it was made of", "Do the scores of all views count?")


def _round_trip(plugin: ModelPlugin, params: Params) -> str:
    fuser, (logits, _) = _made(plugin, params), _scores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with calling(f"model {plugin.name!r}", fuser.save):
            fuser.save(folder)
        files = sorted(folder.iterdir())
        if not files or any(is_pickle(path) for path in files):
            raise ContractError("save() writes nothing, or a pickle", "Write numbers as JSON or .npy.")
        loaded = load_saved(plugin, params, folder, _CONTEXT)
    again = scores_of(plugin, loaded, logits, _N)
    if not np.array_equal(again, scores_of(plugin, fuser, logits, _N)):
        raise ContractError("after save and load, scores differ", "Save every number in full precision.")
    return ", ".join(path.name for path in files)


def _names(plugin: ModelPlugin, params: Params) -> str:
    assert plugin.fuses is not None, "given together with fuse"
    with calling(f"model {plugin.name!r}", plugin.fuses):
        found: Any = plugin.fuses(params)
    if not isinstance(found, str) or not found:
        raise ContractError(f"returns {found!r}", "Return the name that the study gives to the model.")
    return found
