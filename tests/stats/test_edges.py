"""The edges: what is not defined is None with a reason or a typed error, never a wrong number."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from places import ORACLE

from ovcf_bench.errors import StatisticsError
from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.stats.contrast import contrast_test
from ovcf_bench.stats.corrected_t import corrected_t
from ovcf_bench.stats.delong import compare_paired
from ovcf_bench.stats.equivalence import NO_MARGIN, judge_equivalence, judge_noninferiority
from ovcf_bench.stats.intervals import auroc_interval, newcombe_interval, proportion
from ovcf_bench.stats.likelihood_ratios import case_weights, predictive_values_at
from ovcf_bench.stats.multiplicity import holm
from ovcf_bench.stats.operating_point import Confusion
from ovcf_bench.stats.paired_proportions import compare_proportions
from ovcf_bench.stats.partial_auroc import partial_auroc
from ovcf_bench.stats.readers import analyse_readers

LABELS = np.repeat([0, 1], 30)
NOISE = np.random.default_rng(7).standard_normal(60)
GOOD = NOISE + 1.5 * LABELS
PERFECT = np.arange(60.0)
CONSTANT = np.full(60, 0.3)


@pytest.fixture
def perfect_lateral():
    return pd.read_csv(ORACLE / "s04_n104_rho08_perfect_lat.csv")


def test_one_perfect_view_keeps_delongs_z_but_its_p_is_marked_and_the_limits_are_movers(perfect_lateral):
    table = perfect_lateral
    paired = compare_paired(table["y"], table["ap"], table["lat"], name="external")
    assert paired.status == "one_view_degenerate"
    assert "anti-conservative" in paired.reason
    assert paired.z == pytest.approx(-2.79265294054502, rel=1e-9)  # pROC
    assert paired.correlation == 0
    assert paired.interval.method == "MOVER on logit-transformed DeLong and Newcombe 2006, method 5 limits"
    assert paired.interval.high < 0


def test_two_perfect_views_do_not_differ_and_are_never_significant():
    shuffled = PERFECT[::-1].reshape(2, 30)[::-1].ravel()  # another order inside each class
    paired = compare_paired(LABELS, PERFECT, shuffled, name="external")
    assert (paired.status, paired.difference, paired.p) == ("identical_ranks", 0, 1)
    assert paired.interval.low < 0 < paired.interval.high
    assert judge_equivalence(paired, 0.01).verdict == "inconclusive"


def test_monotone_copies_of_a_view_do_not_differ():
    paired = compare_paired(LABELS, GOOD, np.exp(GOOD), name="internal")
    assert (paired.status, paired.difference, paired.z, paired.p) == ("identical_ranks", 0, 0, 1)
    assert paired.correlation == 1


def test_a_difference_without_variance_has_no_p():
    paired = compare_paired(LABELS, PERFECT, -PERFECT, name="internal")
    assert (paired.status, paired.difference) == ("no_variance", 1)
    assert paired.p is None
    assert paired.z is None
    assert "no variance" in paired.reason
    assert paired.interval.low > 0.5


def test_a_constant_score_is_flagged_and_has_no_interval():
    estimate = estimate_auroc(LABELS, CONSTANT, name="internal")
    assert (estimate.auroc, estimate.status) == (0.5, "constant_score")
    assert auroc_interval(estimate) is None
    assert "same score" in estimate.reason


def test_against_a_constant_score_there_is_no_verdict():
    paired = compare_paired(LABELS, GOOD, CONSTANT, name="internal")
    assert paired.status == "one_view_degenerate"
    assert paired.interval is None
    verdict = judge_noninferiority(paired, 0.05)
    assert verdict.verdict is None
    assert "same score" in verdict.reason


def test_an_auroc_below_one_half_is_never_flipped():
    estimate = estimate_auroc(LABELS, -GOOD, name="internal")
    assert estimate.auroc < 0.5
    assert estimate.status == "below_half"


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only_is_an_error_that_names_the_set(label):
    with pytest.raises(StatisticsError, match="external: the scored cases hold one class only"):
        estimate_auroc(np.full(5, label), np.arange(5.0), name="external")


def test_one_class_left_after_missing_scores_is_the_same_error():
    scores = np.where(LABELS == 1, np.nan, GOOD)
    with pytest.raises(StatisticsError, match="0 positive, 30 negative"):
        compare_paired(LABELS, GOOD, scores, name="internal")


@pytest.mark.parametrize("rare", [0, 1])
def test_a_single_case_of_a_class_gives_the_auroc_only(rare):
    labels = np.full(30, 1 - rare)
    labels[0] = rare
    estimate = estimate_auroc(labels, NOISE[:30], name="tiny")
    assert 0 <= estimate.auroc <= 1
    assert estimate.variance is None
    assert auroc_interval(estimate) is None
    assert "single case" in estimate.reason
    paired = compare_paired(labels, NOISE[:30], NOISE[30:], name="tiny")
    assert paired.p is None
    assert paired.interval is None
    assert contrast_test(labels, [NOISE[:30], NOISE[30:]], name="tiny").p is None


def test_two_cases_of_each_class_are_enough_for_everything():
    paired = compare_paired([0, 0, 1, 1], [1, 3, 2, 4], [1, 2, 3, 4], name="tiny")
    assert paired.first.auroc == 0.75
    assert paired.second.auroc == 1
    assert 0 <= paired.p <= 1


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_score_is_an_error_that_names_the_set(value):
    scores = GOOD.copy()
    scores[3] = value
    with pytest.raises(StatisticsError, match="internal: 1 score is infinite"):
        estimate_auroc(LABELS, scores, name="internal")


def test_a_foreign_label_is_an_error():
    with pytest.raises(StatisticsError, match="neither 0 nor 1"):
        estimate_auroc([0, 1, 2], [1.0, 2.0, 3.0], name="internal")


def test_scores_of_another_length_are_an_error():
    with pytest.raises(StatisticsError, match="differ in length"):
        estimate_auroc([0, 1], [1.0, 2.0, 3.0], name="internal")


def test_a_missing_score_is_counted_and_left_out():
    scores = GOOD.copy()
    scores[[0, 59]] = np.nan
    estimate = estimate_auroc(LABELS, scores, name="internal")
    assert (estimate.missing, estimate.positives, estimate.negatives) == (2, 29, 29)
    assert estimate.auroc == estimate_auroc(LABELS[1:59], GOOD[1:59], name="internal").auroc


def test_a_contrast_of_copies_has_no_rank_and_no_p():
    test = contrast_test(LABELS, [GOOD, GOOD, GOOD], name="internal")
    assert (test.df, test.p) == (0, None)
    assert test.reason


def test_few_cases_or_a_perfect_auroc_take_newcombes_interval():
    few = estimate_auroc(LABELS[20:49], GOOD[20:49], name="small")
    assert min(few.positives, few.negatives) < 20
    assert auroc_interval(few).method.startswith("Newcombe")
    perfect = auroc_interval(estimate_auroc(LABELS, PERFECT, name="small"))
    assert perfect.method.startswith("Newcombe")
    assert perfect.low < perfect.high == 1


@pytest.mark.parametrize(("auroc", "m", "n"), [(0.93, 52, 52), (1.0, 52, 52), (0.6, 8, 300), (0.0, 5, 5)])
def test_newcombes_limits_solve_the_equation_in_its_published_closed_form(auroc, m, n):
    # Newcombe 2006 as reduced in R's auRoc: N = (m + n) / 2,
    # z^2 t (1 - t) / (mn) * (2N - 1 - (3N - 3) / ((2 - t)(1 + t))) = (auroc - t)^2
    interval = newcombe_interval(auroc, m, n)
    mean = (m + n) / 2
    for t in (interval.low, interval.high):
        spread = t * (1 - t) / (m * n) * (2 * mean - 1 - (3 * mean - 3) / ((2 - t) * (1 + t)))
        assert (auroc - t) ** 2 == pytest.approx(1.959963984540054**2 * spread, rel=1e-7, abs=1e-12)
    assert interval.low <= auroc <= interval.high


def test_without_a_margin_there_is_an_interval_but_no_verdict():
    paired = compare_paired(LABELS, GOOD, NOISE, name="internal")
    for verdict in (judge_noninferiority(paired, None), judge_equivalence(paired, None)):
        assert verdict.verdict is None
        assert verdict.reason == NO_MARGIN
        assert verdict.interval is not None


def test_a_result_between_minus_margin_and_zero_is_inferior_and_non_inferior():
    table = pd.read_csv(ORACLE / "s11_n5000_rho03.csv")
    paired = compare_paired(table["y"], table["ap"], table["lat"], name="internal")
    verdict = judge_noninferiority(paired, 0.05)  # MOVER limits -.0437 to -.0278 in mover.json
    assert (verdict.verdict, verdict.direction) == ("non-inferior", "inferior")
    assert judge_noninferiority(paired, 0.02).verdict == "inferior beyond the margin"
    assert judge_noninferiority(paired, 0.04).verdict == "inconclusive"
    assert judge_equivalence(paired, 0.02).verdict == "not equivalent"


def test_a_proportion_of_nothing_is_none_with_its_reason():
    empty = proportion(0, 0, empty="no case was called positive")
    assert (empty.value, empty.wilson, empty.clopper_pearson) == (None, None, None)
    assert empty.reason == "no case was called positive"


def test_holm_counts_a_test_without_p_in_the_family():
    assert holm([0.01, None, 0.04]) == (pytest.approx(0.03), None, pytest.approx(0.08))
    assert holm([]) == ()


def test_no_edge_prints_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for second in (GOOD, PERFECT, -PERFECT, CONSTANT, np.where(LABELS == 1, 5.0, 4.0)):
            compare_paired(LABELS, GOOD, second, name="internal")
            contrast_test(LABELS, [GOOD, second, second], name="internal")


def test_what_no_statistic_can_be_computed_of_is_refused_in_words():
    labels, scores = [0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9]
    counts = Confusion(tp=8, fp=2, fn=2, tn=8)
    for refused, said in (
        (lambda: corrected_t([[0.1]]), "1 folds"),
        (lambda: corrected_t([[0.1, np.nan]]), "1 differences missing"),
        (lambda: partial_auroc(labels, scores, name="t", specificity=1.0), "specificity: is 1"),
        (lambda: predictive_values_at(counts, 0.0), "prevalence: is 0"),
        (lambda: case_weights(labels, 1.0), "prevalence: is 1"),
        (lambda: compare_proportions([1, 0, np.nan], [1, 0, 1]), "neither 0 nor 1"),
        (lambda: compare_proportions([1, 0], [1]), "2 and 1 values"),
        (lambda: analyse_readers([1, 1, 1], np.ones((2, 2, 3)), name="t"), "one class only"),
    ):
        with pytest.raises(StatisticsError, match=said):
            refused()
