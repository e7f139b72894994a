"""Scores that exist already, as arms of a study: published digits, and readers beside a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import ROOT
from sklearn.metrics import roc_auc_score

from ovcf_bench import scores
from ovcf_bench.cli.options import open_study
from ovcf_bench.errors import BenchError
from ovcf_bench.images import ImageCache
from ovcf_bench.predict import open_bundle
from ovcf_bench.report import write_report
from ovcf_bench.runner import Options, Silent, check_study, estimate_seconds, plan_study, run_study
from ovcf_bench.sites import export_for_site

EXPECTED = json.loads((ROOT / "tests" / "data" / "oracle" / "vandyke.json").read_text())


def run(study_file, folder):
    (folder / "key").write_text("ab" * 32)
    (folder / "key").chmod(0o600)
    study, plugins = open_study(study_file)
    options = Options(runs=folder / "runs", cache=ImageCache(folder / "cache", 10**9), key=folder / "key")
    return run_study(study, plugins, options, Silent())


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return run(ROOT / "studies" / "readers.yaml", tmp_path_factory.mktemp("readers"))


def test_the_study_of_readers_reproduces_the_published_analysis(published):
    (found,) = json.loads(published.folder.read_text("findings.json"))["sets"]["test"]["comparisons"]
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
    arm = json.loads(published.folder.read_text("findings.json"))["sets"]["test"]["arms"]["cine/readers"]
    assert (arm["n"], arm["positives"], arm["negatives"]) == (114, 45, 69)


def test_scores_that_exist_are_never_called_declared_in_advance(published):
    (found,) = json.loads(published.folder.read_text("findings.json"))["sets"]["test"]["comparisons"]
    assert found["declared"] is False


def test_a_study_without_images_has_a_whole_report_that_speaks_of_no_training(published):
    html = write_report(published.folder.path).read_text("utf-8")
    assert "Nothing was trained: the scores existed." in html
    assert "Networks were trained" not in html
    assert "Every fold was trained" not in html
    assert "There are no images." in html
    assert not published.folder.has("gallery.json")


def test_an_arm_of_readers_cannot_be_asked_about_images(published):
    with pytest.raises(BenchError, match="was not trained: its scores come from elsewhere"):
        open_bundle(published.folder.path, "cine/readers")
    with pytest.raises(BenchError, match="holds no model of images"):
        export_for_site(published.folder.path, published.folder.path.parent / "package", print)


def test_the_same_scores_again_leave_nothing_to_do(published):
    write_report(published.folder.path)  # what the command does after a run
    again = run(ROOT / "studies" / "readers.yaml", published.folder.path.parents[1])
    assert again.up_to_date


STUDY = """
schema: 1
title: Readers beside a network
cohorts: {home: {dataset: phantom, params: {patients: 90, height: 64, seed: 5}}}
splits: {development: {from: home, positives: 25, negatives: 25}, internal: {from: home}, folds: 2}
models:
  simple: {model: simple_features, params: {rows: 6, columns: 4}}
  people: {model: readers, params: {path: ratings.csv}}
arms: {views: [ap, lateral]}
training: {image_size: [64, 40], precision: float32}
report: {images: none}
comparisons: [{id: net_vs_people, a: ap/simple, b: ap/people}]
"""


@pytest.fixture
def beside(tmp_path):
    """A study with ratings of every exam of the phantom by one person, who knows the truth most of the time."""
    (tmp_path / "study.yaml").write_text(STUDY)
    study, plugins = open_study(tmp_path / "study.yaml")
    section = study.document.cohorts["home"]
    exams = plugins.dataset("phantom").open(section.params, tmp_path).exams()
    generator = np.random.default_rng(8)
    rated = exams[["exam_id", "view", "label"]].copy()
    rated["score"] = np.clip(rated["label"] * 2 + generator.integers(1, 5, len(rated)), 1, 5)
    rated.drop(columns="label").to_csv(tmp_path / "ratings.csv", index=False)
    return tmp_path, rated


def test_one_person_is_compared_with_a_network_on_the_same_cases(beside):
    folder, rated = beside
    result = run(folder / "study.yaml", folder)
    found = json.loads(result.folder.read_text("findings.json"))["sets"]["internal"]
    table = scores.from_csv(result.folder.read_text("scores.csv"))
    mine = table[(table["arm"] == "ap/people") & (table["set"] == "internal")]
    assert found["arms"]["ap/people"]["auroc"] == pytest.approx(roc_auc_score(mine["label"], mine["score"]))
    assert sorted(mine["score"].unique()) == sorted(set(rated["score"]) & set(mine["score"]))
    (comparison,) = found["comparisons"]
    assert comparison["n"] == 40
    assert comparison["paired"]
    written = "".join(path.read_text("utf-8") for path in result.folder.path.iterdir() if path.suffix != ".html")
    assert not [exam for exam in rated["exam_id"].unique() if f'"{exam}"' in written or f",{exam}," in written]


def test_exams_that_nobody_rated_are_missing_and_never_guessed(beside):
    folder, rated = beside
    rated.drop(columns="label").iloc[: len(rated) - 40].to_csv(folder / "ratings.csv", index=False)
    result = run(folder / "study.yaml", folder)
    found = json.loads(result.folder.read_text("findings.json"))["sets"]["internal"]
    assert 0 < found["arms"]["ap/people"]["missing"] == 40 - found["arms"]["ap/people"]["n"]
    assert found["comparisons"][0]["n"] == found["arms"]["ap/people"]["n"]


def test_a_rating_without_the_name_of_its_reader_is_one_readers(beside):
    folder, rated = beside
    rated.drop(columns="label").assign(reader=None).to_csv(folder / "ratings.csv", index=False)
    result = run(folder / "study.yaml", folder)
    assert json.loads(result.folder.read_text("findings.json"))["sets"]["internal"]["arms"]["ap/people"]["n"] == 40


def test_changed_ratings_make_new_findings_and_train_nothing(beside):
    folder, rated = beside
    first = run(folder / "study.yaml", folder)
    before = first.folder.read_text("findings.json")
    rated.assign(score=6 - rated["score"]).drop(columns="label").to_csv(folder / "ratings.csv", index=False)
    again = run(folder / "study.yaml", folder)
    assert again.trained == 0
    assert again.folder.read_text("findings.json") != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.rename(columns={"score": "rating"}), "no column 'score'"),
        (lambda table: table.assign(score="high"), "scores are no finite numbers"),
        (lambda table: pd.concat([table, table]), "exams have two scores of one reader"),
        (lambda table: table.assign(exam_id=[None, *table["exam_id"][1:]]), "1 scores name no exam"),
        (lambda table: table.assign(exam_id="x" + table.index.astype(str)), "is among the 90 of the study"),
    ],
)
def test_a_file_of_ratings_that_does_not_fit_is_refused_with_the_reason(beside, change, said):
    folder, rated = beside
    change(rated.drop(columns="label")).to_csv(folder / "ratings.csv", index=False)
    with pytest.raises(BenchError) as error:
        run(folder / "study.yaml", folder)
    assert said in str(error.value)
    assert not [exam for exam in rated["exam_id"].unique() if exam in str(error.value)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("development: {from: home, positives: 25, negatives: 25}, ", "", "nobody is in development"),
        ("path: ratings.csv", "path: absent.csv", "cannot be read"),
    ],
)
def test_a_study_that_cannot_be_is_refused(beside, old, new, said):
    folder, _ = beside
    (folder / "study.yaml").write_text(STUDY.replace(old, new))
    with pytest.raises(BenchError, match=said):
        run(folder / "study.yaml", folder)


def test_the_command_runs_the_study_of_readers(tmp_path):
    program = Path(sys.executable).with_name("ovcf-bench")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200"}
    arguments = [program, "run", ROOT / "studies" / "readers.yaml", "--runs", tmp_path / "runs"]
    found = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "−0.044 (95 % CI −0.088 to 0.000, p = 0.051)" in found.stdout


def test_a_reader_who_left_a_case_out_costs_the_comparison_that_case(tmp_path):
    table = pd.read_csv(ROOT / "tests" / "data" / "oracle" / "vandyke.csv")
    left_out = table["case"] == table["case"].iloc[0]
    table.loc[left_out, "t1_r1"] = None
    table.to_csv(tmp_path / "scores.csv", index=False)
    text = (ROOT / "studies" / "readers.yaml").read_text().replace("../tests/data/oracle/vandyke.csv", "scores.csv")
    (tmp_path / "study.yaml").write_text(text)
    result = run(tmp_path / "study.yaml", tmp_path)
    (found,) = json.loads(result.folder.read_text("findings.json"))["sets"]["test"]["comparisons"]
    assert found["n"] == 113
    rest = table[~left_out]
    expected = np.mean([roc_auc_score(rest["truth"], rest[f"t1_r{reader}"]) for reader in range(1, 6)])
    assert found["auroc_a"] == pytest.approx(expected, rel=1e-12)


def test_check_tells_what_is_wrong_with_the_scores_and_a_plan_has_nothing_to_estimate(tmp_path):
    source = ROOT / "tests" / "data" / "oracle" / "vandyke.csv"
    text = (ROOT / "studies" / "readers.yaml").read_text().replace("../tests/data/oracle/vandyke.csv", str(source))
    (tmp_path / "study.yaml").write_text(text.replace("t2_r5]", "t2_r6]"))
    (tmp_path / "right.yaml").write_text(text)
    options = Options(runs=tmp_path / "runs", cache=ImageCache(tmp_path / "cache", 10**9))
    found = check_study(*open_study(tmp_path / "study.yaml"), options, Silent(), pixels=True)
    assert ["has no column 't2_r6'" in problem.found for problem in found.problems] == [True]
    study, plugins = open_study(tmp_path / "right.yaml")
    assert check_study(study, plugins, options, Silent(), pixels=True).problems == []
    plan = plan_study(study, plugins, options, Silent())
    assert estimate_seconds(study, plan, plugins, options, Silent()) == {}
