"""Scores that exist already: read from their plugins, brought under pseudonyms, held against the cohorts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ovcf_bench.cohort import cases
from ovcf_bench.data.preparing import ExistingScores, Prepared
from ovcf_bench.errors import PluginError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import ModelPlugin
from ovcf_bench.provenance import digest
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.study import Study
from ovcf_bench.vocabulary import DEVELOPMENT, Arm
from ovcf_bench.wording import plural

_COLUMNS = ("exam_id", "reader", "score")


def read_existing(
    study: Study, models: Mapping[str, ModelPlugin], prepared: Prepared, pseudonyms: Pseudonyms
) -> dict[str, ExistingScores]:
    """Return the scores of every arm that has them already. Raises PluginError for tables that break the contract.

    Also raises it when a network would have to be trained without development patients, or without images.
    """
    found = {}
    problems: list[Problem] = []
    # A study of readers alone has nobody to train on; it is whole without development.
    has_development = (prepared.images["split"] == DEVELOPMENT).any()
    has_images = (prepared.images["digest"] != "").all()
    for arm in study.arms:
        plugin = models[arm.model]
        if plugin.listed is not None:
            found[arm.name] = _of_arm(study, arm, plugin, prepared, pseudonyms)
        elif not has_development:
            problems.append(Problem("splits", f"{arm.name!r} is trained, and nobody is in development", "Name it."))
        elif not has_images:
            problems.append(Problem("cohorts", f"{arm.name!r} needs images, and some cases have none"))
    if problems:
        raise PluginError(*problems)
    return found


def _of_arm(study: Study, arm: Arm, plugin: ModelPlugin, prepared: Prepared, pseudonyms: Pseudonyms) -> ExistingScores:
    where = f"model {plugin.name!r}"
    assert plugin.listed is not None, "asked before"
    with calling(where, plugin.listed, told=False):
        table = plugin.listed(study.document.models[arm.model].params, study.folder, arm.views)
    if not isinstance(table, pd.DataFrame):
        found = f"returns {type(table).__name__}"
        raise PluginError(Problem(f"{where}, listed", found, f"Return a pandas DataFrame with {', '.join(_COLUMNS)}."))
    lacking = [name for name in _COLUMNS if name not in table.columns]
    if lacking:
        raise PluginError(Problem(f"{where}, listed", f"the table lacks {', '.join(lacking)}", "See the plugin API."))
    table = table.assign(reader=table["reader"].fillna("").astype(str))
    scores = pd.to_numeric(table["score"], errors="coerce").astype(np.float64)
    odd = (scores.isna() & table["score"].notna()) | np.isinf(scores)
    for wrong, said in (
        # A blank key would join with every other blank one.
        (table["exam_id"].isna(), ("score names no exam", "scores name no exam")),
        (odd, ("score is no finite number", "scores are no finite numbers")),
        (
            table.duplicated(["exam_id", "reader"]),
            ("exam has two scores of one reader", "exams have two scores of one reader"),
        ),
    ):
        if wrong.any():
            raise PluginError(Problem(f"{where}, arm {arm.name!r}", plural(int(wrong.sum()), *said), "Mend the file."))
    hidden = pseudonyms.all("exam", table["exam_id"].astype(str))
    wide = table.assign(exam_id=hidden, score=scores).pivot(index="exam_id", columns="reader", values="score")
    mine = cases(prepared.images, arm.views)["exam_id"]
    if not mine.isin(wide.index).any():
        found = f"none of its {len(wide)} exams is among the {mine.nunique()} of the study"
        raise PluginError(Problem(f"{where}, arm {arm.name!r}", found, "Exams are named as the dataset names them."))
    used = wide.loc[wide.index.isin(mine)].sort_index()
    content = [[None if np.isnan(score) else score for score in row] for row in used.to_numpy().tolist()]
    return ExistingScores(used, digest([list(used.columns), used.index.tolist(), content]))
