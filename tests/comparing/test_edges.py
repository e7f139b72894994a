"""Every row of the table of edge cases, from a table of scores to the findings. Any warning fails a test."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE

from ovcf_bench.comparing import Request, read_scores, to_findings
from ovcf_bench.comparing.layout import parse_threshold
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.records import to_json

SINGLE = pd.read_csv(ORACLE / "s03_n104_rho03.csv")
SEVERAL = pd.read_csv(ORACLE / "c01_clustered_p200.csv")
FIRST_POSITIVE = SINGLE.index[SINGLE["y"] == 1][0]


def find(table, tmp_path, *, clustered=False):
    table.to_csv(tmp_path / "scores.csv", index=False)
    request = Request(
        tmp_path / "scores.csv",
        label="y",
        arms=(("ap", ("ap",)), ("lat", ("lat",))),
        patient=None if clustered else "patient_id",
        cluster="patient_id" if clustered else None,
        subgroups=() if clustered else ("sex",),
        threshold=parse_threshold("0.5"),
        prevalences=(0.05,),
        claim="noninferiority",
        margin=0.05,
        resamples=100,
    )
    found = json.loads(to_json(to_findings(read_scores(request), request, Pseudonyms(bytes(32)))))
    everything = found["sets"]["all"]
    return everything["arms"], everything["comparisons"][0]


def test_a_constant_score_is_flagged_and_has_neither_interval_nor_slope(tmp_path):
    arms, one = find(SINGLE.assign(ap=0.5), tmp_path)
    assert (arms["ap"]["auroc"], arms["ap"]["ci"], arms["ap"]["status"]) == (0.5, None, "constant_score")
    slope = arms["ap"]["calibration"]["figures"][0]["slope"]
    assert (slope["value"], slope["reason"] != "") == (None, True)
    assert (one["noninferiority"]["verdict"], "same score" in one["noninferiority"]["reason"]) == (None, True)


def test_two_perfect_views_do_not_differ_and_their_limits_have_a_width(tmp_path):
    table = SINGLE.assign(ap=0.05 + 0.9 * SINGLE["y"], lat=0.8 * SINGLE["y"] + 0.1 * SINGLE["lat"])
    arms, one = find(table, tmp_path)
    assert (one["difference"], one["p"], one["status"]) == (0, 1, "identical_ranks")
    low, high = one["noninferiority"]["ci"]
    assert -0.05 < low < -0.02
    assert 0.02 < high < 0.05
    assert arms["ap"]["ci_method"].startswith("Newcombe")


def test_one_perfect_view_has_a_p_that_is_marked(tmp_path):
    _, one = find(SINGLE.assign(ap=SINGLE["y"].astype(float)), tmp_path)
    assert one["status"] == "one_view_degenerate"
    assert "anti-conservative" in one["reason"]
    assert one["p"] is not None
    assert "MOVER" in one["ci_method"]


def test_scores_of_zero_and_one_are_judged_without_a_crash(tmp_path):
    arms, _ = find(SINGLE.assign(ap=(SINGLE["ap"] > 0.5).astype(float)), tmp_path)
    figures = arms["ap"]["calibration"]["figures"][0]
    assert figures["brier"]["value"] == pytest.approx(np.mean((SINGLE["ap"] > 0.5) != SINGLE["y"]))
    assert figures["ece"]["value"] is not None


def test_a_direction_is_never_turned(tmp_path):
    arms, _ = find(SINGLE.assign(ap=1 - SINGLE["ap"]), tmp_path)
    assert arms["ap"]["auroc"] < 0.5
    assert arms["ap"]["status"] == "below_half"


def test_a_single_positive_has_an_auroc_and_nothing_else(tmp_path):
    arms, one = find(SINGLE[(SINGLE["y"] == 0) | (SINGLE.index == FIRST_POSITIVE)], tmp_path)
    assert arms["ap"]["auroc"] is not None
    assert (arms["ap"]["variance"], arms["ap"]["ci"], one["p"]) == (None, None, None)
    assert "single case" in arms["ap"]["reason"]
    assert [row["p"] for row in one["sensitivity"]] == [None, None]
    assert "single patient" in one["sensitivity"][1]["reason"]


def test_a_view_that_is_missing_everywhere_is_absent_with_its_reason(tmp_path):
    arms, one = find(SINGLE.assign(ap=np.nan), tmp_path)
    assert (arms["ap"]["auroc"], one["status"]) == (None, "absent")
    assert "no case has a score of it" in one["reason"]


def test_views_of_different_patients_are_compared_as_such(tmp_path):
    apart = SINGLE.assign(ap=SINGLE["ap"].where(SINGLE.index % 2 == 0), lat=SINGLE["lat"].where(SINGLE.index % 2 == 1))
    _, one = find(apart, tmp_path)
    assert one["method"].startswith("unpaired")
    assert not one["paired"]
    assert one["p"] is not None


def test_hardly_a_complete_pair_leaves_the_rest_to_all_data(tmp_path):
    _, one = find(SINGLE.assign(lat=SINGLE["lat"].where(SINGLE.index < 3)), tmp_path)
    assert one["n"] == 3
    assert one["missing"] == 101
    assert one["all_data"]["auroc_a"] is not None


def test_nothing_called_positive_has_no_ppv(tmp_path):
    arms, one = find(SINGLE.assign(ap=0.4 * SINGLE["ap"]), tmp_path)
    ppv = arms["ap"]["operating_point"]["achieved"]["ppv"]
    assert ppv["value"] is None
    assert ppv["reason"] == "no case was called positive"
    ratio = next(each for each in one["measures"] if each["measure"] == "PPV")
    assert (ratio["value"], ratio["p"]) == (None, None)


CLUSTERED_EDGES = {
    "perfect": SEVERAL["y"] * 0.5 + 0.2,
    "constant": 0.5,
    "missing": SEVERAL["ap"].where(SEVERAL.index % 3 > 0),
}


@pytest.mark.parametrize("change", CLUSTERED_EDGES)
def test_clustered_edges_have_reasons_and_no_interval_for_independent_cases(tmp_path, change):
    arms, one = find(SEVERAL.assign(ap=CLUSTERED_EDGES[change]), tmp_path, clustered=True)
    assert "clustered by patient" in one["method"]
    if arms["ap"]["status"] == "ok":
        assert "clustered by patient" in arms["ap"]["ci_method"]
        assert "clustered by patient" in one["all_data"]["method"]
    else:
        assert arms["ap"]["ci"] is None
        assert arms["ap"]["reason"]
        assert one["noninferiority"]["verdict"] is None
        assert one["noninferiority"]["reason"].startswith("no limits")
