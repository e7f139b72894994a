"""Scores that exist already, as arms of a study: published digits of a study of readers alone."""

import json

import numpy as np
import pandas as pd
import pytest
from places import ORACLE, ROOT
from sklearn.metrics import roc_auc_score
from tiny import Project

from ovcf_bench.data import Silent
from ovcf_bench.errors import BenchError
from ovcf_bench.predict import open_bundle
from ovcf_bench.records import RunFolder
from ovcf_bench.report import write_report
from ovcf_bench.runner import check_study, measure_seconds, plan_study, run_study
from ovcf_bench.sites import export_for_site

EXPECTED = json.loads((ORACLE / "vandyke.json").read_text())
STUDY = ROOT / "studies" / "readers.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A project in which the study has been run by the command, and what the command said."""
    project = Project(tmp_path_factory.mktemp("readers"))
    return project, project.command("run", STUDY).stdout


@pytest.fixture
def published(run):
    project, _ = run
    (folder,) = project.home.glob("reports/runs/readers-*")
    return RunFolder(folder)


def test_the_command_runs_the_study_of_readers(run):
    _, said = run
    assert "−0.044 (95 % CI −0.088 to 0.000, p = .051)" in said


def test_the_study_of_readers_reproduces_the_published_analysis(published):
    (found,) = json.loads(published.read_text("findings.json"))["sets"]["test"]["comparisons"]
    assert found["difference"] == pytest.approx(EXPECTED["difference"], rel=1e-9)
    assert found["p"] == pytest.approx(EXPECTED["p"], rel=1e-9)
    assert found["ci"] == pytest.approx(EXPECTED["ci95"], rel=1e-9)
    assert (found["auroc_a"], found["auroc_b"]) == pytest.approx(EXPECTED["means"], rel=1e-9)
    readers = found["readers"]
    assert [readers["aurocs"]["cine/readers"], readers["aurocs"]["spin_echo/readers"]] == [
        pytest.approx(each, rel=1e-9) for each in EXPECTED["auroc"]
    ]
    assert (readers["f"], readers["df2"]) == pytest.approx((EXPECTED["F"], EXPECTED["df2"]), rel=1e-9)


def test_the_cases_of_readers_are_counted(published):
    arm = json.loads(published.read_text("findings.json"))["sets"]["test"]["arms"]["cine/readers"]
    assert (arm["n"], arm["positives"], arm["negatives"]) == (114, 45, 69)


def test_scores_that_exist_are_never_called_declared_in_advance(published):
    (found,) = json.loads(published.read_text("findings.json"))["sets"]["test"]["comparisons"]
    assert found["declared"] is False


def test_a_study_without_images_has_a_whole_report_that_speaks_of_no_training(published):
    html = published.read_text("report.html")
    assert "Nothing was trained: the scores existed." in html
    assert "Networks were trained" not in html
    assert "Every fold was trained" not in html
    assert "There are no images." in html
    assert not published.has("gallery.json")


def test_an_arm_of_readers_cannot_be_asked_about_images(published, tmp_path):
    with pytest.raises(BenchError, match="was not trained: its scores come from elsewhere"):
        open_bundle(published.path, "cine/readers")
    with pytest.raises(BenchError, match="holds no model of images"):
        export_for_site(published.path, tmp_path / "package", print)


def test_the_same_scores_again_leave_nothing_to_do(run):
    project, _ = run
    assert run_study(*project.opened(STUDY), Silent()).up_to_date


def own(folder, table):
    """The study of readers in a folder of its own, with these scores."""
    table.to_csv(folder / "scores.csv", index=False)
    text = STUDY.read_text().replace("../tests/data/oracle/vandyke.csv", "scores.csv")
    (folder / "study.yaml").write_text(text)
    return Project(folder)


def test_a_reader_who_left_a_case_out_costs_the_comparison_that_case(tmp_path):
    table = pd.read_csv(ORACLE / "vandyke.csv")
    left_out = table["case"] == table["case"].iloc[0]
    table.loc[left_out, "t1_r1"] = None
    result = run_study(*own(tmp_path, table).opened("study.yaml"), Silent())
    (found,) = json.loads(result.folder.read_text("findings.json"))["sets"]["test"]["comparisons"]
    assert found["n"] == 113
    rest = table[~left_out]
    expected = np.mean([roc_auc_score(rest["truth"], rest[f"t1_r{reader}"]) for reader in range(1, 6)])
    assert found["auroc_a"] == pytest.approx(expected, rel=1e-12)


def test_changed_scores_are_not_taken_for_those_that_were_analysed(tmp_path):
    table = pd.read_csv(ORACLE / "vandyke.csv")
    project = own(tmp_path, table)
    first = run_study(*project.opened("study.yaml"), Silent())
    write_report(first.folder.path)
    before = first.folder.read_text("findings.json")
    own(tmp_path, table.assign(t1_r1=6 - table["t1_r1"]))
    again = run_study(*project.opened("study.yaml"), Silent())
    assert again.folder.path == first.folder.path
    assert not again.up_to_date
    assert again.folder.read_text("findings.json") != before


def test_check_tells_what_is_wrong_with_the_scores_and_a_plan_has_nothing_to_estimate(tmp_path):
    text = STUDY.read_text().replace("../tests/data/oracle/vandyke.csv", str(ORACLE / "vandyke.csv"))
    (tmp_path / "wrong.yaml").write_text(text.replace("t2_r5]", "t2_r6]"))
    (tmp_path / "right.yaml").write_text(text)
    found = check_study(*Project(tmp_path).opened("wrong.yaml"), Silent(), pixels=True)
    assert ["has no column 't2_r6'" in problem.found for problem in found.problems] == [True]
    study, plugins, options = Project(tmp_path).opened("right.yaml")
    assert check_study(study, plugins, options, Silent(), pixels=True).problems == []
    plan = plan_study(study, plugins, options, Silent())
    assert measure_seconds(study, plan, plugins, options, Silent()) == {}
