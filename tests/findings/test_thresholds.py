"""Where a threshold comes from: each network's own, none without development scores, optimistic ones marked."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE
from score_tables import AP, close, development, find, rows, study

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]


def test_the_vote_of_the_folds_uses_each_networks_own_threshold():
    oof, networks = list(development()), []
    table = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
    for fold, power_of in enumerate((1.0, 2.0, 0.5)):
        networks += rows(table.assign(ap=table["ap"] ** power_of), kind="network", fold=fold)
    extra = [one | {"fold": 2, "patient_id": f"x{one['patient_id']}", "exam_id": f"x{one['exam_id']}",
                    "image_id": f"x{one['image_id']}"} for one in oof if one["fold"] == 0]  # fmt: skip
    found = find(study(), [*oof, *extra, *rows(table), *networks])
    vote = found.sets["internal"].arms[AP].operating_point.vote
    calls = []
    for fold, power_of in enumerate((1.0, 2.0, 0.5)):
        own = pd.DataFrame([one for one in [*oof, *extra] if one["arm"] == AP and one["fold"] == fold])
        cuts = np.sort(own["score"])
        youden = [(own["score"][own["label"] == 1] >= cut).mean() - (own["score"][own["label"] == 0] >= cut).mean()
                  for cut in cuts]  # fmt: skip
        best = cuts[np.flatnonzero(np.isclose(youden, max(youden)))[0]]
        calls.append(table["ap"].to_numpy() ** power_of >= best)
    majority, y = np.mean(calls, axis=0) > 0.5, table["y"].to_numpy() == 1
    assert vote.tp == pytest.approx(np.sum(majority & y), abs=1)  # a threshold lies between two scores
    assert vote.fp == pytest.approx(np.sum(majority & ~y), abs=1)
    fixed = find(study(threshold=0.5), [*oof, *extra, *rows(table), *networks])
    assert fixed.sets["internal"].arms[AP].operating_point.vote is None


def test_without_development_scores_the_threshold_is_null_with_its_reason():
    arm = find(study(), rows("s03_n104_rho03")).sets["internal"].arms[AP]
    assert (arm.operating_point.threshold, arm.operating_point.achieved) == (None, None)
    assert "no out-of-fold" in arm.operating_point.reason
    fixed = find(study(threshold=0.5), rows("s03_n104_rho03")).sets["internal"].arms[AP].operating_point
    expected = REFERENCE["s03_n104_rho03"]["ap"]["at_thr"]
    assert (fixed.threshold, fixed.achieved.tp, fixed.achieved.tn) == (0.5, expected["tp"], expected["tn"])
    assert fixed.achieved.sensitivity.ci == close(tuple(expected["sens"]["wilson"]))
    assert fixed.rule == "fixed at 0.5"


def test_a_checkpoint_chosen_on_its_own_fold_marks_the_threshold_as_optimistic():
    chosen = study(training={"checkpoint": "best_accuracy_on_fold"})
    found = find(chosen, [*development(), *rows("s03_n104_rho03")])
    assert found.sets["internal"].arms[AP].operating_point.optimistic
    assert any("optimistic" in note for note in found.notes)
