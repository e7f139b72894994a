"""What one case is: several images of a patient, both labels, levels of analysis, scales of scores."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE
from scipy.special import expit
from score_tables import AP, close, development, find, rows, study
from sklearn.metrics import roc_auc_score

from ovcf_bench.errors import StatisticsError

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]


def test_two_labels_of_one_case_are_counted_and_never_named():
    all_rows = list(rows("s03_n104_rho03"))
    for row in all_rows[:2]:
        row["label"] = 1 - row["label"]
    with pytest.raises(StatisticsError, match="set 'internal': 2 patients have both labels") as caught:
        find(study(), [*development(), *all_rows])
    assert "P0000" not in str(caught.value)


def test_images_of_one_patient_are_averaged_on_the_logit_scale():
    def twice(one):
        return [one | {"image_id": f"{one['image_id']}{k}", "logit": one["logit"] + k, "score": 0.5} for k in (-1, 1)]

    doubled = [image for one in rows("s03_n104_rho03") for image in twice(one)]
    arm = find(study(), [*development(), *doubled]).sets["internal"].arms[AP]
    assert (arm.n, arm.auroc) == (104, close(REFERENCE["s03_n104_rho03"]["ap"]["auc"]))


def test_at_image_level_repeated_patients_get_clustered_intervals():
    doubled = [
        one | {"image_id": f"{one['image_id']}{k}"} for one in rows("s03_n104_rho03", views=("ap",)) for k in "ab"
    ]
    single = study(views=("ap",), comparisons=(), analysis_level="image")
    found = find(single, [*development(views=("ap",)), *doubled])
    arm = found.sets["internal"].arms[AP]
    expected = REFERENCE["s03_n104_rho03"]["ap"]
    assert (arm.n, arm.auroc) == (208, close(expected["auc"]))
    # Every patient twice with the same score: the information, and so the interval, is that of one case each.
    assert arm.ci == close(tuple(expected["delong_ci_logit"]))
    assert "clustered by patient" in arm.ci_method
    point = arm.operating_point.achieved
    assert "clustered by patient" in point.sensitivity.ci_method
    assert (point.sensitivity.clopper_pearson, point.lr_positive.ci) == (None, None)
    assert point.lr_positive.reason


def test_at_image_level_two_views_are_joined_by_patient():
    found = find(study(analysis_level="image"), [*development(), *rows("s03_n104_rho03")])
    (comparison,) = found.sets["internal"].comparisons
    expected = REFERENCE["s03_n104_rho03"]["ap_vs_lat"]
    assert (comparison.estimate.z, comparison.estimate.p) == (
        close(expected["delong_paired"]["z"]),
        close(expected["delong_paired"]["p"]),
    )
    assert "clustered by patient" in comparison.estimate.method
    assert "joined by patient" in comparison.estimate.reason
    assert found.sets["internal"].arms[AP].missing == 0


def test_saturated_probabilities_do_not_tie_where_logits_are_known():
    frame = pd.DataFrame({"patient_id": [f"x{i}" for i in range(60)], "y": np.repeat([0, 1], 30)})
    frame["ap"] = frame["lat"] = 0.5
    saturated = [row | {"score": 1.0, "logit": 40.0 + int(row["patient_id"][1:])} for row in rows(frame)]
    found = find(study(), [*development(), *saturated])
    assert found.sets["internal"].arms[AP].auroc == 1


def test_scores_without_logits_are_ranked_as_they_are():
    plain = [row | {"logit": None} for row in [*development(), *rows("s03_n104_rho03")]]
    arm = find(study(), plain).sets["internal"].arms[AP]
    assert arm.auroc == close(REFERENCE["s03_n104_rho03"]["ap"]["auc"])
    assert 0 < arm.operating_point.threshold < 1


def test_a_patient_with_several_images_has_their_mean_or_their_highest_score():
    listed = list(rows("s03_n104_rho03"))
    noise = np.random.default_rng(3).normal(0, 1, len(listed))
    again = [
        {**row, "image_id": f"{row['image_id']}-2", "logit": row["logit"] + shift, "score": expit(row["logit"] + shift)}
        for row, shift in zip(listed, noise, strict=True)
    ]
    combine = {"mean": lambda one, two: (one + two) / 2, "max": max}
    for how, combined in combine.items():
        found = find(study(aggregation=how), [*development(), *listed, *again]).sets["internal"].arms["ap/net"]
        pairs = [(a, b) for a, b in zip(listed, again, strict=True) if a["view"] == "ap"]
        truth = [a["label"] for a, _ in pairs]
        expected = roc_auc_score(truth, [combined(a["logit"], b["logit"]) for a, b in pairs])
        assert found.auroc == pytest.approx(expected, rel=1e-12), how
