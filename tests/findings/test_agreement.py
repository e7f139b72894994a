"""Where two arms disagree: counts against numpy, kappa against scikit-learn, fusion against its definition."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score

from ovcf_bench.findings.agreement import BOTH, EITHER, MEAN, compare_decisions
from ovcf_bench.findings.case_scores import CaseScores
from ovcf_bench.findings.pairing import pair


def cases(labels, scores, scale="logit", patients=None):
    ids = [f"c{n:04d}" for n in range(len(labels))]
    patients = ids if patients is None else patients
    table = pd.DataFrame({"patient_id": patients, "label": labels.astype(bool), "score": scores}, index=ids)
    return CaseScores("internal", table, scale)


@pytest.fixture
def views():
    rng = np.random.default_rng(8)
    labels = rng.random(300) < 0.5
    shared = rng.normal(size=300)
    return labels, shared + rng.normal(size=300) + 1.5 * labels, shared + rng.normal(size=300) + 2.2 * labels


def judged(labels, a, b, cut_a=0.7, cut_b=1.0, **more):
    first, second = cases(labels, a, **more), cases(labels, b, **more)
    return compare_decisions(pair(first, second), first, second, cut_a, cut_b)


def test_counts_and_kappa_are_those_of_scikit_learn(views):
    labels, a, b = views
    found = judged(labels, a, b)
    right = [(score >= cut) == labels for score, cut in ((a, 0.7), (b, 1.0))]
    for decisions, members in ((found.positives, labels), (found.negatives, ~labels)):
        (neither, only_b), (only_a, both) = confusion_matrix(right[0][members], right[1][members])
        assert (decisions.both, decisions.only_a, decisions.only_b, decisions.neither) == (
            both,
            only_a,
            only_b,
            neither,
        )
    assert found.kappa.value == pytest.approx(cohen_kappa_score(a >= 0.7, b >= 1.0), abs=1e-12)
    assert found.kappa.ci[0] < found.kappa.value < found.kappa.ci[1]


def test_fused_rules_are_what_their_names_say(views):
    labels, a, b = views
    mean, either, both = judged(labels, a, b).fused
    assert (mean.rule, either.rule, both.rule) == (MEAN, EITHER, BOTH)
    assert mean.auroc.value == pytest.approx(roc_auc_score(labels, a + b), abs=1e-12)
    assert either.sensitivity.value == pytest.approx(((a >= 0.7) | (b >= 1.0))[labels].mean())
    assert both.specificity.value == pytest.approx(1 - ((a >= 0.7) & (b >= 1.0))[~labels].mean())


def test_scores_are_shown_as_probabilities_in_an_order_that_tells_nobody(views):
    labels, a, b = views
    found = judged(labels, a, b)
    assert found.threshold_a == pytest.approx(expit(0.7))
    shown = list(zip(found.labels, found.scores_a, found.scores_b, strict=True))
    assert shown == sorted(shown)
    assert sorted(found.scores_a) == pytest.approx(sorted(expit(a)))


def test_without_a_threshold_scores_are_shown_and_calls_are_not(views):
    labels, a, b = views
    found = judged(labels, a, b, cut_b=None)
    assert found.positives is None
    assert found.kappa.value is None
    assert found.kappa.reason
    assert [each.rule for each in found.fused] == [MEAN]


def test_an_arm_that_calls_all_alike_has_no_kappa(views):
    labels, a, b = views
    found = judged(labels, a, b, cut_a=-100.0)
    assert found.kappa.value is None
    assert found.kappa.reason == "an arm calls all cases alike"


def test_several_cases_of_a_patient_leave_values_without_wilson_or_wald(views):
    labels, a, b = views
    found = judged(labels, a, b, patients=[f"p{n // 3}" for n in range(len(labels))])
    assert found.kappa.ci is None
    assert found.kappa.reason
    assert found.fused[1].sensitivity.ci_method != "Wilson"


def test_scores_on_no_common_scale_are_not_averaged(views):
    labels, a, b = views
    first, second = cases(labels, a), cases(labels, expit(b), "probability")
    found = compare_decisions(pair(first, second), first, second, 0.7, float(expit(1.0)))
    assert found.fused[0].auroc.value is None
    assert found.positives == judged(labels, a, b).positives
    assert logit(found.threshold_b) == pytest.approx(1.0)
