"""Puts the scores of all finished units into the one score table, and adds the ensembles."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ovcf_bench import scores
from ovcf_bench.cohort import by_fold
from ovcf_bench.data.preparing import ExistingScores, Prepared
from ovcf_bench.plan import PlannedUnit
from ovcf_bench.store import Store
from ovcf_bench.training.unit import HISTORY, SCORES
from ovcf_bench.vocabulary import DEVELOPMENT, HISTORY_COLUMNS, SCORE_COLUMNS, Arm


def score_table(
    prepared: Prepared, units: Sequence[PlannedUnit], store: Store, cases: Mapping[tuple[str, ...], pd.DataFrame]
) -> pd.DataFrame:
    """Return the score table of the finished `units`, in a fixed order: arm, set, single networks, ensembles.

    An ensemble stands only where every unit of its arm is finished: nothing is imputed. Asserts that as many
    images were scored as the cohort lists.
    """
    study = prepared.study
    per_arm = study.document.repeats * study.document.splits.folds
    tables: list[pd.DataFrame] = []
    for arm in study.arms:
        if arm.name in prepared.existing:
            tables += _existing_scores(prepared.existing[arm.name], arm, cases[arm.views], study.document.ensemble)
            continue
        mine = [unit for unit in units if unit.arm == arm and store.is_done(unit.key)]
        listed = cases[arm.views].drop(columns=["cache_keys", "digests", "fold"])
        scored = {unit: _unit_scores(unit, store, listed) for unit in mine}
        for name in (DEVELOPMENT, *study.document.splits.tests):
            of_set = {each: part[part["set"] == name] for each, part in scored.items()}
            for planned, part in of_set.items():
                place = planned.unit.repeat, planned.unit.fold
                tables.append(scores.network_rows(part, arm, *place, score=part["score"], logit=part["logit"]))
            if name != DEVELOPMENT and len(mine) == per_arm:
                tables += _ensembles(list(of_set.values()), arm)
        _assert_all_scored(mine, scored, cases[arm.views])
    if not tables:
        return pd.DataFrame(columns=[*SCORE_COLUMNS])
    of_exam = prepared.images.drop_duplicates("exam_id").set_index("exam_id")[list(study.document.covariates)]
    return pd.concat(tables, ignore_index=True).join(of_exam, on="exam_id")


def _unit_scores(unit: PlannedUnit, store: Store, listed: pd.DataFrame) -> pd.DataFrame:
    """Return the unit's logits beside what is known of each case, in the order in which they were scored."""
    text = store.read(unit.key, SCORES).decode()
    kinds = {"set": str, "patient_id": str, "exam_id": str, "image_id": str, "logit": np.float32}
    made = pd.read_csv(io.StringIO(text), dtype=kinds, keep_default_na=False)
    known = listed.set_index(["exam_id", "image_id"])[["site", "label", "split"]]
    found = made.join(known, on=["exam_id", "image_id"], validate="many_to_one")
    assert not found["label"].isna().any(), f"{unit.name}: scores of images that the cohort does not list"
    assert (found["set"] == found["split"]).all(), f"{unit.name}: an image was scored under another set's name"
    found["logit"] = found["logit"].astype(np.float64)
    return found.assign(score=expit(found["logit"]))


def _existing_scores(existing: ExistingScores, arm: Arm, cases: pd.DataFrame, ensemble: str) -> Iterator[pd.DataFrame]:
    """Yield the scores of an arm that exist already: each reader as a single network, or one score as the ensemble."""
    known = cases.assign(set=cases["split"])
    arm = replace(arm, model="")  # no network of ours: its scores may have any scale
    for number, reader in enumerate(existing.readers):
        found = known["exam_id"].map(existing.scores[reader])
        alone = known["split"] != DEVELOPMENT if len(existing.readers) == 1 else pd.Series(False, index=known.index)
        yield scores.network_rows(known[~alone], arm, 0, number, score=found[~alone])
        yield scores.ensemble_rows(known[alone], arm, ensemble, score=found[alone])


def _ensembles(parts: Sequence[pd.DataFrame], arm: Arm) -> list[pd.DataFrame]:
    """Return the mean over all networks of an arm, of logits and of probabilities."""
    first = parts[0]
    for other in parts[1:]:
        assert other["exam_id"].tolist() == first["exam_id"].tolist()
    made = scores.ensembles_of(np.stack([part["logit"].to_numpy() for part in parts]))
    return [scores.ensemble_rows(first, arm, name, score=score, logit=logit) for name, (logit, score) in made.items()]


def _assert_all_scored(
    mine: Sequence[PlannedUnit], scored: Mapping[PlannedUnit, pd.DataFrame], cases: pd.DataFrame
) -> None:
    for planned in mine:
        _, others = by_fold(cases, planned.unit.fold)
        n, wanted = len(scored[planned]), len(cases) - len(others)
        assert n == wanted, f"{planned.name}: {n} images scored, {wanted} listed"


def history_table(units: Sequence[PlannedUnit], store: Store) -> pd.DataFrame:
    """Return one row per epoch of every finished unit, with HISTORY_COLUMNS."""
    rows: list[dict[str, Any]] = []
    for planned in units:
        if store.is_done(planned.key):
            rows += [{**asdict(planned.unit), **epoch} for epoch in json.loads(store.read(planned.key, HISTORY))]
    return pd.DataFrame(rows).reindex(columns=[*HISTORY_COLUMNS])


def cohort_table(prepared: Prepared) -> pd.DataFrame:
    """Return one row per patient: pseudonym, cohort, site, split, fold, label (any exam positive), covariates."""
    images = prepared.images
    first = images.drop_duplicates("patient_id").copy()
    first["label"] = first["patient_id"].map(images.groupby("patient_id")["label"].max())
    first["fold"] = first["fold"].astype("Int64").mask(first["split"] != DEVELOPMENT)
    columns = ["patient_id", "cohort", "site", "split", "fold", "label", *prepared.study.document.covariates]
    return first[columns].reset_index(drop=True)
