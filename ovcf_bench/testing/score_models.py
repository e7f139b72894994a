"""What a model must do that sees no pixels: it combines the scores of single views, or its scores exist already."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, Fuser, ModelPlugin, Params
from ovcf_bench.testing.checks import Check, ContractError, NotApplicable, in_one_line
from ovcf_bench.testing.every_model import FACTS, LOWEST_AUROC, Contract, ModelTrial, is_pickle, telling
from ovcf_bench.training.unit import check_fitted, load_saved, scores_of
from ovcf_bench.wording import plural

_N = 60  # exams: enough for an AUROC, few enough to score one by one
_CONTEXT = BuildContext(("ap", "lateral"), 64, 48)
_LISTED = ("exam_id", "reader", "score")
_TRIED_VIEWS = (("ap",), ("lateral",))
_NAMES_VIEWS = "columns"  # the parameter that names views, where a plugin has it


def fusion_checks(plugin: ModelPlugin, params: Params) -> list[Check]:
    """Return the checks of a rule with these parameters, tried on scores of two views that both tell the classes."""
    return ModelTrial(plugin, params).checks(_OF_RULES)


def _separable_scores() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    labels = (np.arange(_N) % 2).astype(np.uint8)
    noise = np.random.default_rng(3).standard_normal((_N, len(_CONTEXT.views)))
    return 4.0 * labels[:, None] - 2.0 + noise, labels


def _made(trial: ModelTrial) -> Fuser:
    plugin = trial.plugin
    assert plugin.fuse is not None, "only a plugin that fuses is tried so"
    with calling(trial.name, plugin.fuse):
        fuser = plugin.fuse(trial.params, *_separable_scores())
    check_fitted(plugin, "fuse", fuser)
    return fuser


def _rows(trial: ModelTrial) -> None:
    fuser, (logits, _) = _made(trial), _separable_scores()
    together = scores_of(trial.plugin, fuser, logits, _N)
    alone = np.concatenate([scores_of(trial.plugin, fuser, logits[[row]], 1) for row in range(_N)])
    if not np.allclose(alone, together, rtol=1e-6, atol=1e-6):
        raise ContractError("a score changes when other rows are scored beside it", "Use each row alone: no ranks.")


def _same(trial: ModelTrial) -> None:
    logits, _ = _separable_scores()
    first, again = (scores_of(trial.plugin, _made(trial), logits, _N) for _ in range(2))
    if not np.array_equal(first, again):
        raise ContractError("two fits give different scores", "Draw no random numbers, or from a fixed seed.")


def _tells(trial: ModelTrial) -> str:
    logits, labels = _separable_scores()
    found = scores_of(trial.plugin, _made(trial), logits, _N)[:, 0]
    return telling(found, labels == 1, "on the exams that it was made of", "Do the scores of all views count?")


def _round_trip(trial: ModelTrial) -> str:
    fuser, (logits, _) = _made(trial), _separable_scores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with calling(trial.name, fuser.save):
            fuser.save(folder)
        files = sorted(folder.iterdir())
        if not files or any(is_pickle(path) for path in files):
            raise ContractError("save() writes nothing, or a pickle", "Write numbers as JSON or .npy.")
        loaded = load_saved(trial.plugin, trial.params, folder, _CONTEXT)
    again = scores_of(trial.plugin, loaded, logits, _N)
    if not np.array_equal(again, scores_of(trial.plugin, fuser, logits, _N)):
        raise ContractError("after save and load, scores differ", "Save every number in full precision.")
    return ", ".join(path.name for path in files)


def _names(trial: ModelTrial) -> str:
    fuses = trial.plugin.fuses
    assert fuses is not None, "given together with fuse"
    with calling(trial.name, fuses):
        found: Any = fuses(trial.params)
    if not isinstance(found, str) or not found:
        raise ContractError(f"returns {found!r}", "Return the name that the study gives to the model.")
    return found


_OF_RULES: tuple[Contract, ...] = (
    ("scores", "scores() gives finite float32 logits (n, 1), each row for itself", _rows),
    ("same again", "the same scores and labels give the same rule", _same),
    ("learns", f"two views that tell the classes apart stay telling: AUROC {LOWEST_AUROC} at least", _tells),
    ("save and load", "save() writes no pickle, and what is loaded scores alike", _round_trip),
    ("fuses", "fuses() names a model of the study", _names),
)


@dataclass
class _Listing(ModelTrial):
    """A plugin that lists scores; every table is asked for once."""

    folder: Path

    @property
    def views(self) -> list[tuple[str, ...]]:
        """The views that tables are asked for: two that are common, and those that the parameters name."""
        named = getattr(self.params, _NAMES_VIEWS, None)
        more = [tuple(str(view).split("+")) for view in named] if isinstance(named, Mapping) else []
        return list(dict.fromkeys([*_TRIED_VIEWS, *more]))

    def table(self, views: tuple[str, ...]) -> Any:
        """Return what is listed for an arm that reads `views`; an exception's words may name an exam."""
        assert self.plugin.listed is not None, "only a plugin that lists scores is tried so"
        with calling(self.name, self.plugin.listed, f"view {_said(views)}", told=False):
            return self.plugin.listed(self.params, self.folder, views)

    @cached_property
    def tables(self) -> dict[tuple[str, ...], Any]:
        """What is listed for every view that is not refused. Raises NotApplicable when all are."""
        found, refused = {}, []
        for views in self.views:
            try:
                found[views] = self.table(views)
            except BenchError as error:
                if error.problems[0].trace:  # an exception of the plugin, not a message that it meant to give
                    raise
                refused.append(error.problems[0])
        if not found:
            raise NotApplicable(_refusal(refused, self.views))
        return found


def _refusal(refused: list[Problem], views: list[tuple[str, ...]]) -> str:
    return f"every view ({', '.join(map(_said, views))}) is refused: {in_one_line(refused[0])}"


def _said(views: tuple[str, ...]) -> str:
    return repr("+".join(views))


def listed_checks(plugin: ModelPlugin, params: Params, folder: Path) -> list[Check]:
    """Return the checks of a plugin that lists scores; relative paths start at `folder`.

    Only a study can tell whether the scores belong to its exams.
    """
    return _Listing(plugin, params, folder).checks(_OF_LISTINGS, told=False)


def _scores(trial: _Listing) -> str:
    remarks = [_scores_of_view(table, f"view {_said(views)}") for views, table in trial.tables.items()]
    if not any(len(table) for table in trial.tables.values()):
        raise NotApplicable(f"no scores are listed for {', '.join(map(_said, trial.tables))}")
    return "; ".join(remarks)


def _scores_of_view(table: Any, at: str) -> str:
    """Return what a table holds; raises ContractError for what a run would refuse."""
    if not isinstance(table, pd.DataFrame):
        fix = f"Return a pandas DataFrame with {', '.join(_LISTED)}."
        raise ContractError(f"{at}: returns {type(table).__name__}", fix)
    if lacking := [name for name in _LISTED if name not in table.columns]:
        fix = 'Name the exams as the dataset does; a single reader is "".'
        raise ContractError(f"{at}: the table lacks {', '.join(lacking)}", fix)
    number = pd.to_numeric(table["score"], errors="coerce").astype(np.float64)
    odd = (number.isna() & table["score"].notna()) | np.isinf(number)
    reader = table["reader"].fillna("").astype(str)
    unnamed = table["exam_id"].isna() | (table["exam_id"].astype(str) == "")
    twice = table.assign(reader=reader, exam_id=table["exam_id"].astype(str)).duplicated(["exam_id", "reader"])
    for wrong, one, many, fix in (
        (
            unnamed,
            "score names no exam",
            "scores name no exam",
            "Leave out rows without an exam, or mend the file.",
        ),
        (
            odd,
            "score is no finite number",
            "scores are no finite numbers",
            "A missing score is NaN; give logits, not infinite ones.",
        ),
        (
            twice,
            "exam has two scores of one reader",
            "exams have two scores of one reader",
            "Give one row for each exam and reader, or name the readers.",
        ),
    ):
        if n := int(wrong.sum()):
            raise ContractError(f"{at}: {plural(n, one, many)}", fix)
    missing = f", {plural(int(number.isna().sum()), 'score', 'scores')} missing" if number.isna().any() else ""
    return f"{at}: {table['exam_id'].nunique()} exams, readers: {reader.nunique()}{missing}"


def _same_again(trial: _Listing) -> None:
    for views, table in trial.tables.items():
        again = trial.table(views)
        if isinstance(table, pd.DataFrame) and not table.equals(again):
            fix = "Sort by a column, and draw random numbers from a fixed seed."
            raise ContractError(f"view {_said(views)}: asked twice, it gives different tables", fix)


_OF_LISTINGS: tuple[Contract, ...] = (
    (
        "scores",
        f"listed() gives a table of {', '.join(_LISTED)}: finite scores, one of each reader for an exam",
        _scores,
    ),
    ("same table again", "the same parameters and views give the same table", _same_again),
    FACTS,
)
