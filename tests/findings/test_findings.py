"""Arms, comparisons and operating points of a set: the figures are those of the reference values."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE
from score_tables import AP, LATERAL, THIRD, close, development, find, rows, study

from ovcf_bench.records import to_json
from ovcf_bench.vocabulary import Comparison

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]
MOVER = json.loads((ORACLE / "mover.json").read_text())


@pytest.fixture(scope="module")
def found():
    all_rows = [
        *development(),
        *rows("s07_n708_rho03"),
        *rows("s03_n104_rho03", kind="network", fold=0),
        *rows("s07_n708_rho03", kind="network", fold=1),
    ]
    return find(study(), all_rows)


def test_an_arm_has_the_reference_auroc_and_interval(found):
    expected = REFERENCE["s07_n708_rho03"]["ap"]
    arm = found.sets["internal"].arms[AP]
    assert (arm.auroc, arm.variance) == (close(expected["auc"]), close(expected["delong_var"]))
    assert arm.ci == close(tuple(expected["delong_ci_logit"]))
    assert (arm.n, arm.positives, arm.negatives, arm.missing) == (708, 354, 354, 0)
    assert (arm.status, arm.reason, arm.covers_half) == ("ok", "", False)


def test_a_comparison_has_the_reference_test_and_movers_verdicts(found):
    expected = REFERENCE["s07_n708_rho03"]["ap_vs_lat"]
    (comparison,) = found.sets["internal"].comparisons
    assert comparison.estimate.difference == close(expected["diff"])
    assert (comparison.estimate.z, comparison.estimate.p) == (
        close(expected["delong_paired"]["z"]),
        close(expected["delong_paired"]["p"]),
    )
    assert comparison.p_holm == comparison.estimate.p
    assert comparison.noninferiority.ci == close(tuple(MOVER["s07_n708_rho03"]["ci95"]))
    assert comparison.equivalence.ci == close(tuple(MOVER["s07_n708_rho03"]["ci90"]))
    assert (comparison.noninferiority.verdict, comparison.noninferiority.direction) == (
        "non-inferior",
        "inferior",
    )
    assert comparison.conclusion == (
        "ap/net is non-inferior to lat/net at the declared margin of 0.05 (one-sided 97.5 % limit −0.041), "
        "and at the same time inferior: the 95 % interval lies between −0.050 and 0."
    )


def test_the_single_networks_stand_beside_the_ensemble(found):
    folds = found.sets["internal"].arms[AP].folds
    aurocs = [REFERENCE[case]["ap"]["auc"] for case in ("s03_n104_rho03", "s07_n708_rho03")]
    assert [entry.auroc for entry in folds.aurocs] == close(aurocs)
    assert (folds.n, folds.mean) == (2, close(np.mean(aurocs)))
    assert folds.sd == close(np.std(aurocs, ddof=1))
    assert (folds.min, folds.max) == (close(min(aurocs)), close(max(aurocs)))


def test_development_has_fold_aurocs_and_no_test(found):
    arm = found.development[AP]
    assert (arm.n, arm.positives, arm.folds.n) == (120, 60, 2)
    assert not hasattr(arm, "p")


def test_roc_counts_end_at_all_cases_and_start_at_none(found):
    roc = found.sets["internal"].arms[AP].roc
    assert (roc.threshold[0], roc.tp[0], roc.fp[0]) == (None, 0, 0)
    assert (roc.tp[-1], roc.fp[-1]) == (354, 354)
    thresholds = [cut for cut in roc.threshold if cut is not None]
    assert thresholds == sorted(thresholds, reverse=True)
    assert all(0 <= cut <= 1 for cut in thresholds)


def test_the_answer_names_figures_difference_and_verdict(found):
    first, second, third = (sentence.text for sentence in found.summary)
    assert first.startswith("On internal (708 cases, 354 positive) the AUROC was 0.937 (95 % CI 0.918 to 0.952)")
    assert "−0.021 (95 % CI −0.040 to −0.002, DeLong p = .027) for these trained networks" in second
    assert third == found.sets["internal"].comparisons[0].conclusion


def test_the_json_is_complete_and_holds_neither_nan_nor_infinity(found):
    text = to_json(found)
    again = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in findings.json"))
    assert again["schema"] == 2
    assert list(again) == [
        "schema", "study", "primary", "sets", "development", "flow", "table1", "summary", "notes",
        "across_sets", "cross_validated", "audit", "gallery",
    ]  # fmt: skip
    assert again["sets"]["internal"]["arms"][AP]["auroc"] == found.sets["internal"].arms[AP].auroc
    assert again["primary"] == {"set": "internal", "comparison": "ap_vs_lat"}


def test_arms_are_joined_by_case_and_never_by_position(found):
    shuffled = [*development(), *rows("s07_n708_rho03", shuffle=np.random.default_rng(2))]
    again = find(study(), shuffled)
    assert again.sets["internal"].comparisons == found.sets["internal"].comparisons


def test_two_arms_need_no_omnibus_test(found):
    omnibus = found.sets["internal"].omnibus
    assert (omnibus.chi2, omnibus.df, omnibus.p) == (None, None, None)
    assert "fewer than three arms" in omnibus.reason


def test_the_threshold_is_fitted_out_of_fold_and_only_judged_on_the_test_set(found):
    point = found.sets["internal"].arms[AP].operating_point
    oof = [row for row in development() if row["arm"] == AP]
    score, label = (np.array([row[name] for row in oof]) for name in ("score", "label"))
    assert point.development.sensitivity.value == np.mean(score[label == 1] >= point.threshold)
    assert point.development.specificity.value == np.mean(score[label == 0] < point.threshold)
    test = pd.read_csv(ORACLE / "s07_n708_rho03.csv")
    called = test["ap"] >= point.threshold
    assert point.achieved.tp == (called & (test["y"] == 1)).sum()
    assert point.achieved.fp == (called & (test["y"] == 0)).sum()
    assert (point.rule, point.fitted_on, point.optimistic) == (
        "Youden index",
        "development (out of fold)",
        False,
    )


def test_three_arms_get_holm_over_declared_comparisons_and_an_omnibus_test():
    views = ("ap", "lat", "third")
    pairs = (
        Comparison("ap_lat", AP, LATERAL),
        Comparison("ap_third", AP, THIRD),
        Comparison("lat_third", LATERAL, THIRD),
    )
    expected = REFERENCE["s07_n708_rho03"]["multi"]
    a_study = study(views=views, comparisons=pairs)
    all_rows = [*development(views=views), *rows("s07_n708_rho03", views=views)]
    internal = find(a_study, all_rows).sets["internal"]
    assert [one.p_holm for one in internal.comparisons] == close(expected["holm"])
    assert (internal.omnibus.chi2, internal.omnibus.df) == (close(expected["chisq"]), 2)
    late = find(a_study, all_rows, declared={"ap_lat": True, "ap_third": True})
    p_values = [one.p_holm for one in late.sets["internal"].comparisons]
    assert p_values[0] == close(2 * expected["pairwise_p"][0])
    assert p_values[2] is None
    assert "not pre-declared" in late.sets["internal"].comparisons[2].p_holm_reason
    assert "not declared before" in late.sets["internal"].comparisons[2].conclusion
    assert any("exploratory: lat_third" in note for note in late.notes)
