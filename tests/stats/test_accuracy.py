"""Paired accuracy, predictive values, calibration and net benefit against the reference values."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from places import ORACLE
from scipy.special import expit, logit

from ovcf_bench.stats.brier import brier_score, compare_brier, expected_calibration_error, spiegelhalter
from ovcf_bench.stats.calibration import calibrate, ici
from ovcf_bench.stats.likelihood_ratios import case_weights, likelihood_ratios, predictive_values_at
from ovcf_bench.stats.net_benefit import compare_net_benefit, net_benefit
from ovcf_bench.stats.operating_point import Confusion
from ovcf_bench.stats.paired_proportions import compare_proportions
from ovcf_bench.stats.predictive_values import compare_npv, compare_ppv
from ovcf_bench.stats.ratios import clustered_difference, clustered_ratio

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]
CASES = sorted(REFERENCE)
VIEWS = ("ap", "lat", "third")


def close(expected, rel=1e-9):
    return pytest.approx(expected, rel=rel, abs=1e-13)


@pytest.fixture(scope="module")
def tables():
    return {path.stem: pd.read_csv(path) for path in ORACLE.glob("*.csv")}


def calls(tables, case):
    table = tables[case].dropna(subset=["ap", "lat"])
    return table["y"].to_numpy(bool), table["ap"].to_numpy() >= 0.5, table["lat"].to_numpy() >= 0.5


def of_view(tables, case, view):
    table = tables[case].dropna(subset=[view])
    return table["y"].to_numpy(bool), table[view].to_numpy()


@pytest.mark.parametrize("measure", ["sens", "spec", "accuracy"])
@pytest.mark.parametrize("case", CASES)
def test_mcnemar_and_newcombe_agree_with_r(tables, case, measure):
    y, a, b = calls(tables, case)
    members = {"sens": y, "spec": ~y, "accuracy": np.ones_like(y)}[measure]
    expected = REFERENCE[case]["ap_vs_lat"]
    found = compare_proportions((a == y)[members], (b == y)[members])
    reference = expected[f"mcnemar_{measure}"]
    assert (found.n11, found.n10, found.n01, found.n00) == tuple(
        reference[name] for name in ("n11", "n10", "n01", "n00")
    )
    assert (found.exact_p, found.mid_p) == (close(reference["exact_p"]), close(reference["midp"]))
    if measure != "accuracy":
        assert [found.interval.low, found.interval.high] == close(expected[f"{measure}_diff_newcombe10"])


@pytest.mark.parametrize("measure", ["ppv", "npv"])
@pytest.mark.parametrize("case", CASES)
def test_paired_predictive_values_agree_with_the_papers(tables, case, measure):
    expected = REFERENCE[case]["ap_vs_lat"][measure]
    found = {"ppv": compare_ppv, "npv": compare_npv}[measure](*calls(tables, case))
    moskowitz, kosinski = expected["moskowitz_pepe"], expected["kosinski_wgs"]
    assert (found.first, found.second, found.ratio) == tuple(close(expected[key]) for key in ("a", "b", "relative"))
    assert found.log_se == close(moskowitz["se"])
    if moskowitz["z"] == "NaN":  # identical calls: no variance and no difference
        assert (found.p, found.score_p, found.z) == (1.0, 1.0, 0.0)
    else:
        assert (found.z, found.p) == (close(moskowitz["z"]), close(moskowitz["p"]))
        assert [found.interval.low, found.interval.high] == close(moskowitz["ci"])
        assert (found.chi2, found.score_p) == (close(kosinski["chisq"]), close(kosinski["p"]))


def test_paired_predictive_values_agree_with_published_digits():
    data = json.loads((ORACLE / "paired1_pv.json").read_text())
    order = (("pp", True, True), ("t1neg_t2pos", False, True), ("t1pos_t2neg", True, False), ("nn", False, False))
    y, first, second = [], [], []
    for disease, truth in (("diseased", True), ("nondiseased", False)):
        for name, one, two in order:
            n = data[disease][name]
            y += [truth] * n
            first += [one] * n
            second += [two] * n
    for measure, compare in (("ppv", compare_ppv), ("npv", compare_npv)):
        found = compare(y, second, first)  # the published ratio is test 2 over test 1
        published = data["rpv_test2_over_test1"][measure]
        assert found.ratio == pytest.approx(published["ratio"], rel=1e-7)
        assert found.log_se == pytest.approx(published["se_log"], rel=1e-6)
        assert (found.z, found.p) == (pytest.approx(published["z"], rel=1e-6), pytest.approx(published["p"], rel=1e-5))
        assert found.chi2 == pytest.approx(data["wgs"][measure]["chisq"], abs=6e-6)
        assert found.score_p == pytest.approx(data["wgs"][measure]["p"], rel=1e-5)


def test_an_arm_that_calls_nothing_has_no_predictive_value():
    found = compare_ppv([1, 0, 1], [0, 0, 0], [1, 0, 1])
    assert (found.first, found.ratio, found.p) == (None, None, None)
    assert "calls no case positive" in found.reason


def test_likelihood_ratios_follow_the_log_method():
    plus, minus = likelihood_ratios(Confusion(tp=80, fp=10, fn=20, tn=90))
    assert (plus.value, minus.value) == (close(8.0), close(20 / 90))
    half = 1.959963984540054 * math.sqrt(1 / 80 - 1 / 100 + 1 / 10 - 1 / 100)
    assert [plus.interval.low, plus.interval.high] == close([8 * math.exp(-half), 8 * math.exp(half)])
    assert likelihood_ratios(Confusion(tp=5, fp=0, fn=5, tn=5))[0].value is None


def test_predictive_values_at_the_studys_own_prevalence_are_its_own():
    counts = Confusion(tp=80, fp=10, fn=20, tn=90)
    ppv, npv = predictive_values_at(counts, 0.5)
    assert (ppv.value, npv.value) == (close(80 / 90), close(90 / 110))
    rare, _ = predictive_values_at(counts, 0.05)
    assert rare.value == close(0.8 * 0.05 / (0.8 * 0.05 + 0.1 * 0.95))
    spread = 0.2 / 80 + 0.9 / 10  # Mercaldo 2007: (1 - se) / (m se) + sp / (n (1 - sp))
    half = 1.959963984540054 * math.sqrt(spread)
    assert rare.interval.low == close(expit(logit(rare.value) - half))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_brier_ece_spiegelhalter_and_net_benefit_agree_with_the_reference(tables, case, view):
    y, p = of_view(tables, case, view)
    expected = REFERENCE[case][view]
    ones = np.ones(y.size)
    assert brier_score(y, p).value == close(expected["brier"])
    assert spiegelhalter(y, p).z == close(expected["spiegelhalter_z"])
    assert expected_calibration_error(y, p, ones) == close(expected["ece10_equal_width"])
    curve = net_benefit(y, p, expected["net_benefit"]["thresholds"], ones)
    assert list(curve.model) == close(expected["net_benefit"]["model"])
    assert list(curve.treat_all) == close(expected["net_benefit"]["treat_all"])


def r_standard_errors(y, design, offset):
    """Standard errors as R's glm gives them: of the weights before its last step, stopped at 1e-8 of the deviance."""
    beta, deviance, eta = None, math.inf, logit((y + 0.5) / 2)
    while True:
        mu = expit(eta)
        weight = mu * (1 - mu)
        response = eta - offset + (y - mu) / weight
        information = design.T @ (design * weight[:, None])
        beta = np.linalg.solve(information, design.T @ (weight * response))
        eta = design @ beta + offset
        before, deviance = deviance, -2 * np.sum(np.where(y == 1, np.log(expit(eta)), np.log(expit(-eta))))
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            return np.sqrt(np.diag(np.linalg.inv(information)))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_logistic_calibration_agrees_with_r(tables, case, view):
    y, p = of_view(tables, case, view)
    expected = REFERENCE[case][view]["calibration"]
    found = calibrate(y, p)
    assert found.intercept.value == close(expected["intercept_offset"], 1e-6)
    if found.slope.value is None:
        assert "separate" in found.slope.reason
        assert expected["slope"] in ("NA", "NaN", None)
        return
    assert (found.slope.value, found.joint.value) == (
        close(expected["slope"], 1e-6),
        close(expected["intercept_joint"], 1e-6),
    )
    # R's standard errors lag one step behind its coefficients; ours are those at the solution.
    x, ones = logit(p), np.ones((y.size, 1))
    lagging = r_standard_errors(y, np.column_stack([ones, x]), 0.0)[1]
    assert lagging == close(expected["slope_se"], 1e-6)
    assert r_standard_errors(y, ones, x)[0] == close(expected["intercept_offset_se"], 1e-6)
    assert found.slope.se == close(expected["slope_se"], 2e-4)
    mu = expit(found.joint.value + found.slope.value * x)
    design = np.column_stack([ones, x])
    exact = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (mu * (1 - mu))[:, None]))))[1]
    assert found.slope.se == close(exact, 1e-8)


def test_calibration_by_patient_is_the_clustered_sandwich(tables):
    table = tables["c01_clustered_p200"]
    y, p, patients = table["y"].to_numpy(bool), table["ap"].to_numpy(), table["patient_id"].to_numpy()
    codes = np.unique(patients, return_inverse=True)[1]
    design = np.column_stack([np.ones(y.size), logit(p)])
    robust = sm.GLM(y.astype(float), design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    k = codes.max() + 1
    found = calibrate(y, p, clusters=patients)
    assert found.slope.se == close(robust.bse[1] * math.sqrt(k / (k - 1)), 1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_paired_difference_of_brier_scores_agrees_with_the_reference(tables, case):
    table = tables[case].dropna(subset=["ap", "lat"])
    expected = REFERENCE[case]["ap_vs_lat"]["brier_diff"]
    y, a, b = table["y"].to_numpy(bool), table["ap"].to_numpy(), table["lat"].to_numpy()
    found = compare_brier(y, a, b)
    assert (found.difference, found.se) == (close(expected["diff"]), close(expected["se"]))
    assert compare_brier(y, b, a).difference == -found.difference


def test_a_perfectly_calibrated_score_has_a_small_ici_and_a_shifted_one_its_shift():
    generator = np.random.default_rng(8)
    p = generator.uniform(0.1, 0.9, 4000)
    y = generator.random(4000) < p
    ones = np.ones(4000)
    assert ici(y, p, ones) < 0.03
    shifted = generator.random(4000) < np.clip(p - 0.1, 0, 1)
    assert ici(shifted, p, ones) == pytest.approx(0.1, abs=0.03)


def test_probabilities_that_are_constant_are_refused_with_their_reason():
    constant = calibrate(np.array([True, False, True]), np.full(3, 0.4))
    assert constant.slope.value is None
    assert "same probability" in constant.slope.reason
    assert constant.intercept.value is not None


def test_at_another_prevalence_calibration_is_that_of_the_population_there():
    generator = np.random.default_rng(2)
    y = np.repeat([True, False], 2000)
    x = generator.standard_normal(4000) + 1.5 * y
    log_odds = 1.5 * x - 1.5**2 / 2  # of the likelihoods: the true ones for these normal scores
    rare, even = expit(log_odds + logit(0.05)), expit(log_odds)
    weights, ones = case_weights(y, 0.05), np.ones(4000)
    assert ici(y, rare, weights) < 0.03
    assert ici(y, even, weights) > 0.2
    assert ici(y, even, ones) < 0.03
    assert ici(y, rare, ones) > 0.2


def test_at_another_prevalence_standard_errors_are_those_of_fixed_class_shares():
    generator = np.random.default_rng(5)
    y = np.repeat([True, False], 100)
    values, stated = [], []
    for _ in range(300):
        log_odds = 1.5 * (generator.standard_normal(200) + 1.5 * y) - 1.5**2 / 2
        p, weights = expit(log_odds + logit(0.2)), case_weights(y, 0.2)
        found = calibrate(y, p, weights=weights).intercept
        brier = brier_score(y, p, weights=weights)
        values.append((found.value, brier.value))
        stated.append((found.se, brier.se))
    assert np.mean(stated, axis=0) == pytest.approx(np.std(values, axis=0, ddof=1), rel=0.12)


def test_rounding_is_no_variance_and_calls_that_are_all_alike_have_no_ratio():
    ones = np.ones(50)
    found = clustered_difference((0.09 * ones, ones), (0.04 * ones, ones), np.arange(50))
    assert (found.p, found.reason != "") == (None, True)
    plus, _ = likelihood_ratios(Confusion(tp=40, fp=30, fn=0, tn=0))
    assert (plus.value, plus.interval) == (1.0, None)
    assert "alike" in plus.reason


def test_weights_bring_cases_to_a_prevalence():
    y = np.repeat([True, False], [30, 70])
    weights = case_weights(y, 0.05)
    assert weights.mean() == close(1.0)
    assert weights[y].sum() / weights.sum() == close(0.05)
    p = np.where(y, 0.8, 0.3)
    assert brier_score(y, p, weights=weights).value == close(0.05 * 0.2**2 + 0.95 * 0.3**2)
    assert net_benefit(y, p, [0.5], weights).model == (close(0.05),)


def test_net_benefit_is_compared_case_by_case(tables):
    table = tables["s07_n708_rho03"]
    y, a, b = table["y"].to_numpy(bool), table["ap"].to_numpy(), table["lat"].to_numpy()
    ((difference, interval),) = compare_net_benefit(y, a, b, [0.2])
    gains = [(each >= 0.2) * np.where(y, 1, -0.25) for each in (a, b)]
    assert difference == close(float((gains[0] - gains[1]).mean()))
    half = 1.959963984540054 * (gains[0] - gains[1]).std(ddof=1) / math.sqrt(y.size)
    assert interval.low == close(difference - half)


def test_a_clustered_share_is_the_robust_regression_on_a_constant(tables):
    table = tables["c01_clustered_p200"]
    right = ((table["ap"] >= 0.5) == table["y"]).to_numpy(float)
    codes = np.unique(table["patient_id"], return_inverse=True)[1]
    robust = sm.OLS(right, np.ones(right.size)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    k = codes.max() + 1
    found = clustered_ratio(right, np.ones(right.size), table["patient_id"])
    assert found.value == close(right.mean())
    assert found.se == close(robust.bse[0] * math.sqrt(k / (k - 1)))
    other = ((table["lat"] >= 0.5) == table["y"]).to_numpy(float)
    ones = np.ones(right.size)
    test = clustered_difference((right, ones), (other, ones), table["patient_id"])
    paired = sm.OLS(right - other, ones).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
    assert test.se == close(paired.bse[0] * math.sqrt(k / (k - 1)))


def test_a_clustered_share_of_one_has_no_interval():
    found = clustered_ratio([1, 1, 1], [1, 1, 1], ["a", "a", "b"])
    assert (found.value, found.interval) == (1.0, None)
    assert "0 or 1" in found.reason
