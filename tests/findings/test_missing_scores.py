"""Scores that are missing: counted, told with their reason, and never imputed."""

import json
import math

import pandas as pd
import pytest
from places import ORACLE
from score_tables import AP, LATERAL, close, development, find, rows, study

from ovcf_bench.errors import StatisticsError
from ovcf_bench.records import UnitOutcome, to_json
from ovcf_bench.vocabulary import SCORE_COLUMNS, Unit

REFERENCE = json.loads((ORACLE / "oracle.json").read_text())["cases"]


def test_a_missing_view_is_counted_and_tested_on_complete_pairs():
    expected = REFERENCE["s10_n708_rho03_partial"]
    partial = [row for row in rows("s10_n708_rho03_partial") if not math.isnan(row["score"])]
    internal = find(study(), [*development(), *partial]).sets["internal"]
    assert internal.arms[AP].auroc == close(expected["ap"]["auc"])
    (comparison,) = internal.comparisons
    assert comparison.estimate.n == expected["ap_vs_lat"]["n"]
    assert comparison.estimate.p == close(expected["ap_vs_lat"]["delong_paired"]["p"])
    assert internal.arms[AP].missing == internal.n - internal.arms[AP].n > 0
    assert comparison.estimate.missing == internal.n - comparison.estimate.n


def test_empty_scores_mean_the_same_as_absent_rows():
    listed = find(study(), [*development(), *rows("s10_n708_rho03_partial")]).sets["internal"]
    partial = [row for row in rows("s10_n708_rho03_partial") if not math.isnan(row["score"])]
    absent = find(study(), [*development(), *partial]).sets["internal"]
    assert listed.arms[AP].auroc == absent.arms[AP].auroc
    assert listed.comparisons[0].estimate.p == absent.comparisons[0].estimate.p


def test_a_set_of_one_class_is_an_error_that_names_it():
    positives = [row for row in rows("s03_n104_rho03") if row["label"] == 1]
    with pytest.raises(StatisticsError, match="set 'internal': the scored cases hold one class only"):
        find(study(), [*development(), *positives])


def failed_unit(arm, fold, reason):
    return UnitOutcome(Unit(arm, 0, fold), "key", "failed", reason, None, None, None)


def test_an_arm_with_a_failed_unit_has_no_ensemble_and_keeps_its_networks():
    all_rows = [
        *development(),
        *rows("s03_n104_rho03", views=("lat",)),
        *rows("s03_n104_rho03", kind="network", views=("ap",)),
    ]
    failed = [failed_unit(AP, 1, "the loss became NaN")]
    found = find(study(), all_rows, failed=failed)
    arm = found.sets["internal"].arms[AP]
    assert (arm.auroc, arm.roc, arm.operating_point.achieved) == (None, None, None)
    assert arm.reason == "repeat 1 fold 2 failed (the loss became NaN)"
    assert arm.folds.n == 1
    (comparison,) = found.sets["internal"].comparisons
    assert (comparison.estimate.p, comparison.p_holm, comparison.noninferiority.verdict) == (None, None, None)
    assert "the loss became NaN" in comparison.estimate.reason
    assert "has no result" in found.summary[0].text
    assert any("nothing was imputed" in note for note in found.notes)
    assert found.sets["internal"].arms[LATERAL].auroc is not None


def test_a_set_without_scores_is_null_with_its_reason():
    found = find(study(sets=("internal", "external")), [*development(), *rows("s03_n104_rho03")])
    external = found.sets["external"]
    assert (external.n, external.arms[AP].auroc) == (0, None)
    assert external.arms[AP].reason


def test_a_run_in_which_every_unit_failed_still_gives_findings():
    failed = [failed_unit(arm, 0, "out of memory") for arm in (AP, LATERAL)]
    found = find(study(), pd.DataFrame(columns=[*SCORE_COLUMNS]), failed=failed)
    assert found.sets["internal"].arms[AP].reason == "repeat 1 fold 1 failed (out of memory)"
    assert found.development[AP].folds.mean is None
    json.loads(to_json(found))


def test_an_arm_that_lacks_scores_on_one_of_two_sets_is_named_with_the_set():
    both = [*development(), *rows("s03_n104_rho03"), *rows("s03_n104_rho03", set_name="external", views=("lat",))]
    found = find(study(sets=("internal", "external")), both)
    (note,) = [note for note in found.notes if "nothing was imputed" in note]
    assert note.startswith(f"On external {AP} has no ensemble")
