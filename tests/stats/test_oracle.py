"""Every case of the reference values (pROC 1.18.0 and base R) against our closed forms."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE

from ovcf_bench.stats.auroc import covariance, estimate_auroc, place
from ovcf_bench.stats.cases import complete_cases
from ovcf_bench.stats.contrast import contrast_test
from ovcf_bench.stats.delong import compare_paired
from ovcf_bench.stats.equivalence import judge_equivalence
from ovcf_bench.stats.intervals import auroc_interval, linear_delong_interval, logit_delong_interval, mover_interval
from ovcf_bench.stats.multiplicity import holm
from ovcf_bench.stats.operating_point import ThresholdRule, fit_threshold, operate

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())
MOVER = json.loads((ORACLE / "mover.json").read_text())
CASES = sorted(REFERENCE["cases"])
VIEWS = ("ap", "lat", "third")
PAIRS = (("ap", "lat"), ("ap", "third"), ("lat", "third"))


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.fixture(scope="module")
def tables():
    return {name: pd.read_csv(ORACLE / f"{name}.csv") for name in CASES}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_auroc_variance_and_intervals_agree_with_proc(tables, case, view):
    expected = REFERENCE["cases"][case][view]
    estimate = estimate_auroc(tables[case]["y"], tables[case][view], name=case)
    assert estimate.auroc == close(expected["auc"])
    assert estimate.variance == close(expected["delong_var"])
    assert (estimate.positives, estimate.negatives) == (expected["n1"], expected["n0"])
    assert estimate.missing == len(tables[case]) - expected["n1"] - expected["n0"]
    linear = linear_delong_interval(estimate.auroc, estimate.variance)
    assert [linear.low, linear.high] == close(expected["delong_ci_linear_pROC_clipped"])
    if "NA" in expected["delong_ci_logit"]:  # AUROC 1: the logit does not exist, Newcombe's does
        assert estimate.status == "perfect"
        assert auroc_interval(estimate).method.startswith("Newcombe")
    else:
        logit = logit_delong_interval(estimate.auroc, estimate.variance)
        assert [logit.low, logit.high] == close(expected["delong_ci_logit"])


@pytest.mark.parametrize("case", CASES)
def test_paired_delong_agrees_with_proc(tables, case):
    expected = REFERENCE["cases"][case]["ap_vs_lat"]
    table = tables[case]
    paired = compare_paired(table["y"], table["ap"], table["lat"], name=case)
    assert paired.first.positives + paired.first.negatives == expected["n"]
    assert paired.missing == len(table) - expected["n"]
    assert paired.difference == close(expected["diff"])
    assert paired.covariance == close(expected["cov"])
    assert paired.se == close(expected["se"])
    assert paired.z == close(expected["delong_paired"]["z"])
    assert paired.p == close(expected["delong_paired"]["p"])
    if paired.status == "ok":  # elsewhere pROC's interval has no width, or rests on one view, and MOVER's is given
        assert [paired.interval.low, paired.interval.high] == close(expected["delong_paired"]["diff_ci"])


@pytest.mark.parametrize("case", CASES)
def test_contrast_of_three_curves_agrees_with_the_reference(tables, case):
    expected = REFERENCE["cases"][case]["multi"]
    test = contrast_test(tables[case]["y"], [tables[case][view] for view in VIEWS], name=case)
    assert list(test.aurocs) == close(expected["auc"])
    assert test.covariance == close(np.array(expected["cov"]))
    assert test.df == expected["rank"]
    assert test.chi2 == close(expected["chisq"])
    assert test.p == close(expected["p"])


@pytest.mark.parametrize("case", [name for name in CASES if "identical" not in name])
def test_holm_over_the_three_pairs_agrees_with_p_adjust(tables, case):
    # In s05 R has no p-value for two identical views and drops the test from the family; we report p = 1.
    expected = REFERENCE["cases"][case]["multi"]
    complete, scores, _ = complete_cases(tables[case]["y"], *(tables[case][view] for view in VIEWS), name=case)
    column = dict(zip(VIEWS, scores, strict=True))
    raw = [compare_paired(complete, column[a], column[b], name=case).p for a, b in PAIRS]
    assert raw == close(expected["pairwise_p"])
    assert list(holm(raw)) == close(expected["holm"])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_proportions_at_one_half_agree_with_base_r(tables, case, view):
    expected = REFERENCE["cases"][case][view]["at_thr"]
    point = operate(
        tables[case]["y"], tables[case][view], expected["threshold"], name=case, rng=np.random.default_rng(0)
    )
    counts = point.counts
    assert [counts.tp, counts.fp, counts.fn, counts.tn] == [expected[k] for k in ("tp", "fp", "fn", "tn")]
    ours = {
        "sens": point.sensitivity, "spec": point.specificity, "ppv": point.ppv, "npv": point.npv,
        "acc": point.accuracy,
    }  # fmt: skip
    for name, proportion in ours.items():
        assert proportion.value == close(expected[name]["est"])
        assert [proportion.wilson.low, proportion.wilson.high] == close(expected[name]["wilson"])
        exact = proportion.clopper_pearson
        assert [exact.low, exact.high] == close(expected[name]["clopper_pearson"])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_the_youden_threshold_is_the_first_of_those_that_proc_lists(tables, case, view):
    expected = REFERENCE["cases"][case][view]["youden"][0]
    labels, (scores,), _ = complete_cases(tables[case]["y"], tables[case][view], name=case)
    threshold = fit_threshold(labels, scores, ThresholdRule("youden"), name=case)
    assert threshold == close(expected["threshold"])
    point = operate(labels, scores, threshold, name=case, rng=np.random.default_rng(0))
    assert point.sensitivity.value == close(expected["sensitivity"])
    assert point.specificity.value == close(expected["specificity"])


@pytest.mark.parametrize("level", [0.95, 0.90])
@pytest.mark.parametrize("case", sorted(MOVER))
def test_mover_limits_agree_with_the_reference(tables, case, level):
    expected, percent = MOVER[case], round(100 * level)
    paired = compare_paired(tables[case]["y"], tables[case]["ap"], tables[case]["lat"], name=case)
    assert [paired.first.auroc, paired.second.auroc] == close(expected["auroc"])
    assert paired.correlation == close(expected["r"])
    for estimate, limits in zip((paired.first, paired.second), expected[f"logit_ci{percent}"], strict=True):
        interval = auroc_interval(estimate, level=level)
        assert [interval.low, interval.high] == close(limits)
    interval = mover_interval(paired.first, paired.second, paired.correlation, level=level)
    assert [interval.low, interval.high] == close(expected[f"ci{percent}"])


def test_identical_views_are_equivalent_at_five_points_and_inconclusive_at_one(tables):
    table = tables["s05_n104_identical"]
    paired = compare_paired(table["y"], table["ap"], table["lat"], name="s05")
    assert judge_equivalence(paired, 0.05).verdict == "equivalent"
    assert judge_equivalence(paired, 0.01).verdict == "inconclusive"


def test_the_ovarian_cancer_example_of_delong_1988_is_reproduced():
    expected = REFERENCE["delong1988"]
    table = pd.read_csv(ORACLE / "delong1988.csv")
    test = contrast_test(table["y"], [table[curve] for curve in expected["curves"]], name="delong1988")
    assert list(test.aurocs) == close(expected["auc"])
    assert test.covariance == close(np.array(expected["cov"]))
    assert (test.chi2, test.df, test.p) == (close(expected["chisq"]), 2, close(expected["p"]))
    assert test.chi2 == pytest.approx(2.5340, abs=5e-5)  # as printed in the paper's tradition
    pairs = [("kg", "alb"), ("kg", "tp"), ("alb", "tp")]
    raw = [compare_paired(table["y"], table[a], table[b], name="delong1988").p for a, b in pairs]
    assert raw == close(expected["pairwise_p"])
    assert list(holm(raw)) == close(expected["holm"])


def test_covariance_of_a_view_with_itself_is_its_variance(tables):
    table = tables["s03_n104_rho03"]
    placements = place(table["y"].to_numpy(dtype=bool), table["ap"].to_numpy())
    expected = REFERENCE["cases"]["s03_n104_rho03"]["ap"]["delong_var"]
    assert covariance(placements, placements) == close(expected)
