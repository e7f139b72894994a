"""Subgroups that describe the disease, and sites: which cases stand against which."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.pairing import pair
from ovcf_bench.findings.subgroups import SHARED, by_covariates


@pytest.fixture
def scored():
    rng = np.random.default_rng(6)
    labels = np.repeat([True, False], 120)
    ids = [f"p{n:03d}" for n in range(labels.size)]
    grade = np.where(labels, rng.integers(1, 4, labels.size), 0)
    arms = []
    for gain in (0.4, 0.8):
        score = rng.normal(size=labels.size) + gain * grade
        arms.append(
            CaseScores("internal", pd.DataFrame({"patient_id": ids, "label": labels, "score": score}, index=ids), "raw")
        )
    covariates = pd.DataFrame({"grade": grade, "site": np.where(rng.random(labels.size) < 0.5, "A", "B")}, index=ids)
    return arms, covariates, labels, grade


def test_each_grade_stands_against_all_negatives_and_is_not_tested(scored):
    (a, b), covariates, labels, grade = scored
    (found,) = by_covariates(pair(a, b), "a_vs_b", covariates[["grade"]], ("grade",), ("grade",))
    assert [group.group for group in found.groups] == [f"{n} against all negatives" for n in (1, 2, 3)]
    assert found.p is None
    assert found.reason == SHARED
    for level, group in zip((1, 2, 3), found.groups, strict=True):
        members = ~labels | (grade == level)
        assert group.estimate.negatives == 120
        assert group.estimate.positives == (grade == level).sum()
        assert group.estimate.auroc_a == pytest.approx(roc_auc_score(labels[members], a.table["score"][members]))
        assert group.estimate.ci_a[0] < group.estimate.auroc_a < group.estimate.ci_a[1]


def test_several_sites_of_a_set_are_compared_although_nobody_asked(scored):
    (a, b), covariates, labels, _ = scored
    (found,) = by_covariates(pair(a, b), "a_vs_b", covariates, (), ())
    assert (found.by, [group.group for group in found.groups]) == ("site", ["A", "B"])
    for group in found.groups:
        members = (covariates["site"] == group.group).to_numpy()
        assert group.estimate.auroc_b == pytest.approx(roc_auc_score(labels[members], b.table["score"][members]))
    assert found.p is not None
