"""Finds cases of the study among a site's: under another key they have other pseudonyms, but the same scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ovcf_bench.scores import SINGLE, Doubles

_CASE = ["exam_id", "image_id"]
_MAKER = ["repeat", "fold"]
# How near the logits of one image come when it is scored twice; of one number alone less is chance.
_NEAR, _NEAR_ALONE = 1e-5, 1e-7
_BY_CHANCE = 2  # cases that may agree by chance


def count_known(table: pd.DataFrame, own: pd.DataFrame) -> int:
    """Return how many cases of a site's score table have the scores of cases of the run's.

    Test cases are scored by every network of an arm; a development case by one network of each arm, out of fold.
    """
    theirs = table[table["ensemble"] == SINGLE]
    mine = own[(own["ensemble"] == SINGLE) & own["arm"].isin(theirs["arm"].unique())]
    tests, developed = mine[mine["kind"] == "test"], mine[mine["kind"] == "oof"]
    found = max(
        (_equal(_by_maker(rows), _by_maker(tests[tests["arm"] == arm])) for arm, rows in theirs.groupby("arm")),
        default=0,
    )
    out_of_fold = {maker: _by_arm(rows) for maker, rows in developed.groupby(_MAKER)}
    found += sum(
        _equal(_by_arm(rows), out_of_fold[maker]) for maker, rows in theirs.groupby(_MAKER) if maker in out_of_fold
    )
    return found if found > _BY_CHANCE else 0


def _by_maker(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per case, and its logit by each network."""
    return rows.pivot(index=_CASE, columns=_MAKER, values="logit").dropna()


def _by_arm(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per exam, and its logit in each arm; of several images the mean."""
    return rows.pivot_table(index="exam_id", columns="arm", values="logit").dropna()


def _equal(theirs: pd.DataFrame, mine: pd.DataFrame) -> int:
    """Return how many rows of `theirs` stand in `mine` as well; rows that `mine` holds twice tell nothing."""
    shared = [column for column in theirs.columns if column in mine.columns]
    if not shared or len(mine) < 2 or theirs.empty:
        return 0
    near = _NEAR if len(shared) > 1 else _NEAR_ALONE
    values = mine[shared].to_numpy(dtype=np.float64)
    telling = values[_nearest(values, values, at=2) > near]
    if not len(telling):
        return 0
    return int(np.count_nonzero(_nearest(telling, theirs[shared].to_numpy(dtype=np.float64), at=1) <= near))


def _nearest(known: Doubles, asked: Doubles, at: int) -> Doubles:
    """Return how far the nearest of `known` (or the next after it: `at` 2) lies from each row, by the largest part."""
    distance, _ = cKDTree(known).query(asked, k=[at], p=np.inf)
    found: Doubles = np.asarray(distance, dtype=np.float64)[:, 0]
    return found
