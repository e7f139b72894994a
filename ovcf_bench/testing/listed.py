"""What a model must do whose scores exist already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import ModelPlugin, Params
from ovcf_bench.testing.checks import Check, ContractError, NotApplicable, in_one_line
from ovcf_bench.testing.facts import CONTRACT, facts

_COLUMNS = ("exam_id", "reader", "score")
_VIEWS = (("ap",), ("lateral",))
_COLUMNS_OF_VIEWS = "columns"  # the parameter that names views, where a plugin has it


@dataclass
class _Trial:
    """A plugin that lists scores; every table is asked for once."""

    plugin: ModelPlugin
    params: Params
    folder: Path

    @property
    def views(self) -> list[tuple[str, ...]]:
        """The views that tables are asked for: two that are common, and those that the parameters name."""
        named = getattr(self.params, _COLUMNS_OF_VIEWS, None)
        more = [tuple(str(view).split("+")) for view in named] if isinstance(named, Mapping) else []
        return list(dict.fromkeys([*_VIEWS, *more]))

    def table(self, views: tuple[str, ...]) -> Any:
        """Return what is listed for an arm that reads `views`; an exception's words may name an exam."""
        assert self.plugin.listed is not None, "only a plugin that lists scores is tried so"
        with calling(f"model {self.plugin.name!r}", self.plugin.listed, f"view {_said(views)}", told=False):
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
    trial = _Trial(plugin, params, folder)
    contracts: tuple[tuple[str, str, Callable[[], str | None]], ...] = (
        (
            "scores",
            f"listed() gives a table of {', '.join(_COLUMNS)}: finite scores, one of each reader for an exam",
            partial(_scores, trial),
        ),
        ("same table again", "the same parameters and views give the same table", partial(_same_again, trial)),
        (*CONTRACT, partial(facts, plugin, params)),
    )
    return [
        Check(f"model {plugin.name!r}", name, contract, look, plugin.form, told=False)
        for name, contract, look in contracts
    ]


def _scores(trial: _Trial) -> str:
    remarks = [_scores_of_view(table, f"view {_said(views)}") for views, table in trial.tables.items()]
    if not any(len(table) for table in trial.tables.values()):
        raise NotApplicable(f"no scores are listed for {', '.join(map(_said, trial.tables))}")
    return "; ".join(remarks)


def _scores_of_view(table: Any, at: str) -> str:
    """Return what a table holds; raises ContractError for what a run would refuse."""
    if not isinstance(table, pd.DataFrame):
        fix = f"Return a pandas DataFrame with {', '.join(_COLUMNS)}."
        raise ContractError(f"{at}: returns {type(table).__name__}", fix)
    if lacking := [name for name in _COLUMNS if name not in table.columns]:
        fix = 'Name the exams as the dataset does; a single reader is "".'
        raise ContractError(f"{at}: the table lacks {', '.join(lacking)}", fix)
    number = pd.to_numeric(table["score"], errors="coerce").astype(np.float64)
    odd = (number.isna() & table["score"].notna()) | np.isinf(number)
    reader = table["reader"].fillna("").astype(str)
    unnamed = table["exam_id"].isna() | (table["exam_id"].astype(str) == "")
    twice = table.assign(reader=reader, exam_id=table["exam_id"].astype(str)).duplicated(["exam_id", "reader"])
    for wrong, found, fix in (
        (unnamed, "scores name no exam", "Leave out rows without an exam, or mend the file."),
        (odd, "scores are no finite numbers", "A missing score is NaN; give logits, not infinite ones."),
        (twice, "exams have two scores of one reader", "Give one row for each exam and reader, or name the readers."),
    ):
        if n := int(wrong.sum()):
            raise ContractError(f"{at}: {n} {found}", fix)
    missing = f", {number.isna().sum()} scores missing" if number.isna().any() else ""
    return f"{at}: {table['exam_id'].nunique()} exams, readers: {reader.nunique()}{missing}"


def _same_again(trial: _Trial) -> None:
    for views, table in trial.tables.items():
        again = trial.table(views)
        if isinstance(table, pd.DataFrame) and not table.equals(again):
            fix = "Sort by a column, and draw random numbers from a fixed seed."
            raise ContractError(f"view {_said(views)}: asked twice, it gives different tables", fix)
