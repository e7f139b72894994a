"""The main job through the installed command, on a tiny phantom study. Needs nothing of the source tree."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

BIN = str(Path(sys.executable).with_name("ovcf-bench"))

STUDY = """\
schema: 1
title: Tiny study <script>alert(1)</script>
question: Does the whole way work?
seed: 7
cohorts:
  hospital: {dataset: phantom, params: {patients: 100, ineligible: 12, seed: 7, height: 64}}
  external: {dataset: phantom, params: {patients: 30, site: B, seed: 7, height: 64}}
eligibility:
  - {cohort: hospital, drop: {column: days_to_mri, above: 7}, reason: MRI to X-ray over 7 days}
  - {cohort: hospital, drop: {column: refracture, equals: 1}, reason: Refracture}
  - {cohort: hospital, drop: {column: previous_surgery, equals: 1}, reason: Previous surgery}
  - {cohort: hospital, drop: {column: severe_scoliosis, equals: 1}, reason: Severe scoliosis}
  - {cohort: hospital, drop: {column: unclear_history, equals: 1}, reason: Unclear history}
covariates: [age, sex]
splits:
  development: {from: hospital, positives: 30, negatives: 30}
  internal: {from: hospital}
  external: {from: external}
  folds: 2
models:
  tiny: {model: timm, params: {architecture: test_resnet, arguments: {stem_width: 8, channels: [8, 8, 8, 8]}}}
arms: {views: [ap, lateral]}
training:
  image_size: [64, 40]
  epochs: 3
  batch_size: 16
  precision: float32
  optimizer: {learning_rate: 1e-3}
  augmentation: {flip: 0.5, rotation: 5}
comparisons:
  - {id: ap_vs_lateral, a: ap, b: lateral, claim: noninferiority, margin: 0.05}
primary: {set: internal, comparison: ap_vs_lateral}
"""


def command(home, *arguments, expect=0):
    found = subprocess.run(
        [BIN, *map(str, arguments)], cwd=home, env=environment(home), capture_output=True, text=True, timeout=300
    )
    assert found.returncode == expect, found.stdout + found.stderr
    return found


def environment(home):
    # Key and caches of this test alone; the tests run on one thread as the units do.
    folders = {"XDG_CONFIG_HOME": home / "config", "XDG_CACHE_HOME": home / "cache", "HOME": home}
    return {**os.environ, **{name: str(path) for name, path in folders.items()}, "COLUMNS": "200"}


def run_folder(home, runs="reports/runs"):
    (folder,) = [each for each in (home / runs).iterdir() if (each / "scores.csv").exists()]
    return folder


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project folder in which the tiny study has been run with two workers."""
    home = tmp_path_factory.mktemp("finished")
    (home / "tiny.yaml").write_text(STUDY)
    command(home, "run", "tiny.yaml", "--workers", "2")
    return home


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project that a test may change."""
    home = tmp_path / "project"
    shutil.copytree(finished, home)
    return home


def test_a_run_leaves_every_record(finished):
    names = {path.name for path in run_folder(finished).iterdir()}
    assert names == {
        "study.lock.yaml", "splits.csv", "flow.json", "cohort.csv", "history.csv", "scores.csv", "findings.json",
        "provenance.json", "report.html",
    }  # fmt: skip


def test_every_listed_case_is_scored_once_by_every_network_and_ensemble(finished):
    scores = pd.read_csv(run_folder(finished) / "scores.csv")
    counts = scores.groupby(["arm", "set", "kind", "ensemble"]).size().to_dict()
    for arm in ("ap/tiny", "lateral/tiny"):
        assert counts[(arm, "development", "oof", "none")] == 60
        assert counts[(arm, "internal", "test", "none")] == 2 * 40
        assert counts[(arm, "internal", "test", "mean_logit")] == 40
        assert counts[(arm, "external", "test", "mean_probability")] == 30


def test_the_ensemble_is_the_mean_of_its_networks(finished):
    scores = pd.read_csv(run_folder(finished) / "scores.csv")
    test = scores[scores["kind"] == "test"]
    by_case = test[test["ensemble"] == "none"].groupby(["arm", "set", "image_id"])["logit"].mean()
    ensemble = test[test["ensemble"] == "mean_logit"].set_index(["arm", "set", "image_id"])["logit"]
    assert (by_case.sort_index() - ensemble.sort_index()).abs().max() < 1e-12


def test_the_auroc_of_the_findings_is_scikit_learns(finished):
    from sklearn.metrics import roc_auc_score

    folder = run_folder(finished)
    scores = pd.read_csv(folder / "scores.csv")
    findings = json.loads((folder / "findings.json").read_text())
    for name, found in findings["sets"].items():
        for arm, result in found["arms"].items():
            mine = scores[(scores["set"] == name) & (scores["arm"] == arm) & (scores["ensemble"] == "mean_logit")]
            assert result["auroc"] == pytest.approx(roc_auc_score(mine["label"], mine["logit"]), rel=1e-12)


def test_no_identifier_and_no_private_path_is_written(finished):
    for name, content in contents(finished / "reports").items():
        assert b"A-0000" not in content, name
        assert str(finished).encode() not in content, name


def test_names_are_shown_as_text(finished):
    html = (run_folder(finished) / "report.html").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_same_command_again_changes_no_byte_and_imports_no_torch(project):
    before = contents(project)
    code = (
        "import sys\nfrom ovcf_bench.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    sys.argv = ['ovcf-bench', 'run', 'tiny.yaml']\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert end.code == 0\n"
        "    assert 'torch' not in sys.modules and 'timm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project, env=environment(project), check=True)
    assert contents(project) == before


def test_one_worker_gives_the_bytes_of_two(finished, project):
    command(project, "run", "tiny.yaml", "--workers", "1", "--runs", "other")
    assert (run_folder(project, "other") / "scores.csv").read_bytes() == (
        run_folder(finished) / "scores.csv"
    ).read_bytes()


def test_a_killed_run_goes_on_to_the_same_bytes(finished, project):
    started = subprocess.Popen(
        [BIN, "run", "tiny.yaml", "--workers", "1", "--runs", "killed"],
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(project.glob("killed/units/*/epoch.pt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert len(list(project.glob("killed/units/*/unit.json"))) < 4
    command(project, "run", "tiny.yaml", "--workers", "2", "--runs", "killed")
    assert (run_folder(project, "killed") / "scores.csv").read_bytes() == (
        run_folder(finished) / "scores.csv"
    ).read_bytes()


def test_ctrl_c_stops_cleanly(project):
    started = subprocess.Popen(
        [BIN, "run", "tiny.yaml", "--workers", "1", "--runs", "stopped"],
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(project.glob("stopped/units/*/epoch.pt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


def test_a_new_margin_trains_nothing_and_is_not_called_declared(project):
    before = {path: path.stat().st_mtime_ns for path in project.glob("reports/runs/units/*/*")}
    command(project, "run", "tiny.yaml", "--set", "comparisons.0.margin=0.1")
    assert {path: path.stat().st_mtime_ns for path in project.glob("reports/runs/units/*/*")} == before
    declared = {}
    for folder in project.glob("reports/runs/tiny-*"):
        findings = json.loads((folder / "findings.json").read_text())
        (comparison,) = findings["sets"]["internal"]["comparisons"]
        declared[comparison["margin"]] = comparison["declared"]
    assert declared == {0.05: True, 0.1: False}


def test_a_new_arm_trains_only_its_own_units(project):
    before = set(project.glob("reports/runs/units/*"))
    found = command(project, "plan", "tiny.yaml", "--set", "arms.views=[ap, lateral, [ap, lateral]]", "--json")
    plan = json.loads(found.stdout)
    assert {(unit["arm"], unit["status"]) for unit in plan} == {
        ("ap/tiny", "cached"), ("lateral/tiny", "cached"), ("ap+lateral/tiny", "run"),
    }  # fmt: skip
    command(project, "run", "tiny.yaml", "--set", "arms.views=[ap, lateral, [ap, lateral]]")
    assert len(set(project.glob("reports/runs/units/*")) - before) == 2


def test_the_plan_says_what_changed(project):
    found = command(project, "plan", "tiny.yaml", "--set", "training.epochs=4", "--json")
    assert {unit["reason"] for unit in json.loads(found.stdout)} == {"changed: training.epochs 3 -> 4"}


def test_a_failing_unit_is_shown_and_never_imputed(project):
    change = ("--set", "training.optimizer.learning_rate=1e30", "--set", "arms.views=[ap]", "--set", "comparisons=[]")
    found = command(project, "run", "tiny.yaml", *change, "--set", "primary=null", expect=1)
    assert "the loss is" in found.stdout
    folders = [each for each in project.glob("reports/runs/tiny-*") if each.name != run_folder_name(project)]
    findings = json.loads((folders[0] / "findings.json").read_text())
    assert findings["sets"]["internal"]["arms"]["ap/tiny"]["auroc"] is None
    assert "units failed" in (folders[0] / "report.html").read_text()


def run_folder_name(project):
    return next(
        folder.name
        for folder in project.glob("reports/runs/tiny-*")
        if "ap_vs_lateral" in (folder / "findings.json").read_text()
    )


def test_the_report_is_rebuilt_from_the_records_alone(project):
    folder = run_folder(project)
    before = contents(folder)
    for derived in ("report.html", "findings.json"):
        (folder / derived).unlink()
    shutil.rmtree(project / "cache")
    shutil.rmtree(project / "reports/runs/units")
    code = (
        "import sys\nfrom ovcf_bench.cli.main import main\n"
        f"sys.argv = ['ovcf-bench', 'report', {str(folder)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'timm', 'PIL'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project, env=environment(project), check=True)
    assert contents(folder) == before


def test_an_exported_study_gives_identical_pixels_and_scores(finished, project):
    command(project, "data", "export", "tiny.yaml", "--to", "exported")
    command(project, "run", "exported/study.yaml", "--runs", "again", "--cache", "other-cache")
    one = pd.read_csv(run_folder(finished) / "scores.csv", dtype=str, keep_default_na=False)
    two = pd.read_csv(run_folder(project, "again") / "scores.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(one, two)
    keys = [
        {path.name for path in (home / "units").iterdir()} for home in (project / "again", project / "reports/runs")
    ]
    assert keys[0] == keys[1]  # a unit's key holds the digests of its pixels


def test_eight_mistakes_give_eight_located_problems(project):
    text = STUDY
    for right, wrong in (
        ("seed: 7\ncohorts", "seed: seven\ncohorts"),
        ("dataset: phantom, params: {patients: 100", "dataset: phantm, params: {patients: 100"),
        ("site: B", "site: C"),
        ("above: 7", "abov: 7"),
        ("folds: 2", "folds: 1"),
        ("epochs: 3", "epoch: 3"),
        ("a: ap, b: lateral", "a: ap, b: latral"),
        ("primary: {set: internal,", "primary: {set: interna,"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    (project / "wrong.yaml").write_text(text)
    found = command(project, "check", "wrong.yaml", expect=2)
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 8, found.stderr
    assert all(line.startswith("error: wrong.yaml, line ") for line in errors)
    assert "Did you mean 'lateral'?" in found.stderr


def test_weights_that_cannot_be_had_fail_at_check_with_the_ways_out(project):
    found = command(project, "check", "tiny.yaml", "--set", "models.tiny.params.weights=imagenet", "--set",
                    "models.tiny.params.architecture=efficientnet_b5", expect=2)  # fmt: skip
    assert "weights: none" in found.stderr
    assert "file:PATH.safetensors" in found.stderr


@pytest.mark.slow
def test_weights_that_cannot_be_had_fail_within_15_seconds(project):
    weights = (
        "--set",
        "models.tiny.params.weights=imagenet",
        "--set",
        "models.tiny.params.architecture=efficientnet_b5",
    )
    begun = time.monotonic()
    command(project, "check", "tiny.yaml", *weights, expect=2)
    assert time.monotonic() - begun < 15
