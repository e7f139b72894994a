"""What models of every form are held to: scores that tell, files without pickles, facts that can be shown."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import ModelPlugin
from ovcf_bench.testing.checks import Check, ContractError, in_one_line

Contract = tuple[str, str, Callable[[Any], str | None]]  # name, what is to hold, and who looks at a trial

LOWEST_AUROC = 0.9
_NO_SIGMOID = "Return logits, not probabilities: leave the sigmoid out, or give log(p / (1 - p))."
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")
_ARRAYS = (".npy", ".npz")
_PACKED = (".gz", ".bz2", ".xz", ".lzma", ".lz4", ".z")


@dataclass
class ModelTrial:
    """A model of any form that is being tried."""

    plugin: ModelPlugin
    params: Any

    @property
    def name(self) -> str:
        """The plugin as messages name it."""
        return f"model {self.plugin.name!r}"

    def checks(self, contracts: Iterable[Contract], *, told: bool = True) -> list[Check]:
        """Return the checks of these contracts; told : whether the words of an exception may be shown."""
        home = self.plugin.form
        return [Check(self.name, name, contract, partial(look, self), home, told) for name, contract, look in contracts]


def telling(scores: np.ndarray[Any, Any], positive: np.ndarray[Any, Any], tried_on: str, fix: str) -> str:
    """Return the AUROC of scores (n,). Raises ContractError for probabilities, and for scores that tell too little.

    positive : (n,) bool; tried_on : what was learnt and scored, in words; fix : what may be wrong where too little is
    told.
    """
    mine, others = scores[positive], scores[~positive]
    auroc = float(np.mean((mine[:, None] > others) + 0.5 * (mine[:, None] == others)))
    low, high = float(scores.min()), float(scores.max())
    if low >= 0 and high <= 1 and low < high:  # scores that are all the same tell of something else
        raise ContractError(f"all scores lie between 0 and 1 (AUROC {auroc:.2f})", _NO_SIGMOID)
    if auroc < LOWEST_AUROC:
        turned = " Higher scores must mean label 1." if auroc < 1 - LOWEST_AUROC else ""
        raise ContractError(f"AUROC {auroc:.2f} {tried_on}", f"{fix}{turned}")
    return f"AUROC {auroc:.2f}"


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle or holds one, by its name, its first bytes, or the arrays in it."""
    with path.open("rb") as file:
        head = file.read(6)
    name = path.with_suffix("") if path.suffix in _PACKED else path
    if name.suffix in _PICKLES:
        return True
    # Pickles of protocol 2 and later open with 0x80 and the number of the protocol; text ones (0) only by name.
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    if zipfile.is_zipfile(path) and _packs_pickle(path):
        return True
    return (path.suffix in _ARRAYS or head == b"\x93NUMPY") and not _opens_without_pickle(path)


def _packs_pickle(path: Path) -> bool:
    """Whether an archive has a pickle in it, as those of torch.save do."""
    with zipfile.ZipFile(path) as archive:
        return any(Path(name).suffix in _PICKLES[:2] for name in archive.namelist())


def _opens_without_pickle(path: Path) -> bool:
    """Whether numpy opens every array of a file; those of objects are pickles."""
    try:
        opened = np.load(path, allow_pickle=False)
        if isinstance(opened, np.lib.npyio.NpzFile):  # its arrays are looked at when they are asked for
            with opened:
                for name in opened.files:
                    opened[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        return False
    return True


def _facts(trial: ModelTrial) -> str:
    """Return the problems that `check` names, or the facts of `describe`. Raises ContractError for facts not plain."""
    plugin = trial.plugin
    if plugin.check is not None:
        with calling(trial.name, plugin.check):
            problems = list(plugin.check(trial.params))
        if problems:
            return f"check says: {in_one_line(problems[0])}"
    if plugin.describe is None:
        return "no describe: the report tells its class and number of parameters"
    with calling(trial.name, plugin.describe):
        found = dict(plugin.describe(trial.params))
    try:
        return json.dumps(found)
    except TypeError as error:
        raise ContractError(
            f"describe returns what JSON cannot hold ({error})", "Return texts and numbers only."
        ) from error


FACTS: Contract = ("facts", "check() and describe() give problems and plain facts", _facts)
