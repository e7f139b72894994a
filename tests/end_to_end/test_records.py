"""What a run leaves behind, and that the same study always leaves the same."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest


def test_a_run_leaves_every_record(finished):
    names = {path.name for path in finished.run_folder().iterdir()}
    assert names == {
        "study.lock.yaml", "splits.csv", "flow.json", "checks.json", "cohort.csv", "history.csv", "scores.csv",
        "findings.json", "provenance.json", "limits.json", "gallery.json", "report.html",
    }  # fmt: skip


def test_every_listed_case_is_scored_once_by_every_network_and_ensemble(finished):
    scores = pd.read_csv(finished.run_folder() / "scores.csv")
    counts = scores.groupby(["arm", "set", "kind", "ensemble"]).size().to_dict()
    for arm in ("ap/tiny", "lateral/tiny"):
        assert counts[(arm, "development", "oof", "none")] == 60
        assert counts[(arm, "internal", "test", "none")] == 2 * 40
        assert counts[(arm, "internal", "test", "mean_logit")] == 40
        assert counts[(arm, "external", "test", "mean_probability")] == 30


def test_the_ensemble_is_the_mean_of_its_networks(finished):
    scores = pd.read_csv(finished.run_folder() / "scores.csv")
    test = scores[scores["kind"] == "test"]
    by_case = test[test["ensemble"] == "none"].groupby(["arm", "set", "image_id"])["logit"].mean()
    ensemble = test[test["ensemble"] == "mean_logit"].set_index(["arm", "set", "image_id"])["logit"]
    assert (by_case.sort_index() - ensemble.sort_index()).abs().max() < 1e-12


def test_the_auroc_of_the_findings_is_scikit_learns(finished):
    from sklearn.metrics import roc_auc_score

    folder = finished.run_folder()
    scores = pd.read_csv(folder / "scores.csv")
    findings = json.loads((folder / "findings.json").read_text())
    for name, found in findings["sets"].items():
        for arm, result in found["arms"].items():
            mine = scores[(scores["set"] == name) & (scores["arm"] == arm) & (scores["ensemble"] == "mean_logit")]
            assert result["auroc"] == pytest.approx(roc_auc_score(mine["label"], mine["logit"]), rel=1e-12)


def test_no_identifier_and_no_private_path_is_written(finished):
    for name, content in finished.contents("reports").items():
        assert b"A-0000" not in content, name
        assert str(finished.home).encode() not in content, name


def test_names_are_shown_as_text(finished):
    html = (finished.run_folder() / "report.html").read_text()
    assert html.count("<script") == 2  # values to download, and the page's own
    assert "&lt;script&gt;alert(1)" in html


def test_the_gallery_shows_the_exams_that_the_findings_name(finished):
    folder = finished.run_folder()
    named = json.loads((folder / "findings.json").read_text())["gallery"]
    pictures = json.loads((folder / "gallery.json").read_text())
    assert [(each["exam"], each["view"]) for each in pictures["images"]] == [
        (exam["exam"], view) for exam in named["exams"] for view in ("ap", "lateral")
    ]
    assert all(each["picture"].startswith("data:image/webp;base64,") for each in pictures["images"])
    assert all(each["saliency"].startswith("data:image/webp;base64,") for each in pictures["images"])
    assert "Grad-CAM" in pictures["method"]
    for exam in named["exams"]:  # the thresholds of the findings divide the scores as `right_a` says
        arms = json.loads((folder / "findings.json").read_text())["sets"][named["set"]]["arms"]
        for side in ("a", "b"):
            called = exam[f"score_{side}"] >= arms[named[side]]["operating_point"]["threshold"]
            assert exam[f"right_{side}"] == (called == bool(exam["label"]))


def test_pictures_can_be_left_out(project):
    project.command("run", "tiny.yaml", "--set", "report.images=none")
    folders = [each for each in (project.home / "reports/runs").glob("tiny-*") if not (each / "gallery.json").exists()]
    assert len(folders) == 1
    html = (folders[0] / "report.html").read_text()
    assert "data:image/webp" not in html
    assert "Pictures are left out" in html


def test_the_same_command_again_changes_no_byte_and_imports_no_torch(project):
    before = project.contents()
    code = (
        "import sys\nfrom ovcf_bench.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    sys.argv = ['ovcf-bench', 'run', 'tiny.yaml']\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert end.code == 0\n"
        "    assert 'torch' not in sys.modules and 'timm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project.home, env=project.environment, check=True)
    assert project.contents() == before


def test_the_report_is_rebuilt_from_the_records_alone(project):
    folder = project.run_folder()
    before = project.contents(folder)
    for derived in ("report.html", "findings.json"):
        (folder / derived).unlink()
    shutil.rmtree(project.home / "cache")
    shutil.rmtree(project.home / "reports/runs/units")
    code = (
        "import sys\nfrom ovcf_bench.cli.main import main\n"
        f"sys.argv = ['ovcf-bench', 'report', {str(folder)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'timm', 'PIL'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project.home, env=project.environment, check=True)
    assert project.contents(folder) == before


def test_an_exported_study_gives_identical_pixels_and_scores(finished, project):
    project.command("data", "export", "tiny.yaml", "--to", "exported")
    project.command("run", "exported/study.yaml", "--runs", "again", "--cache", "other-cache")
    one = pd.read_csv(finished.run_folder() / "scores.csv", dtype=str, keep_default_na=False)
    two = pd.read_csv(project.run_folder("again") / "scores.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(one, two)
    folders = (project.home / "again/units", project.home / "reports/runs/units")
    keys = [{path.name for path in folder.iterdir()} for folder in folders]
    assert keys[0] == keys[1]  # a unit's key holds the digests of its pixels


def test_a_new_margin_trains_nothing_and_is_not_called_declared(project):
    before = {path: path.stat().st_mtime_ns for path in project.home.glob("reports/runs/units/*/*")}
    project.command("run", "tiny.yaml", "--set", "comparisons.0.margin=0.1")
    assert {path: path.stat().st_mtime_ns for path in project.home.glob("reports/runs/units/*/*")} == before
    declared = {}
    for folder in project.home.glob("reports/runs/tiny-*"):
        findings = json.loads((folder / "findings.json").read_text())
        (comparison,) = findings["sets"]["internal"]["comparisons"]
        declared[comparison["margin"]] = comparison["declared"]
    assert declared == {0.05: True, 0.1: False}


def test_the_plan_says_what_changed(project):
    found = project.command("plan", "tiny.yaml", "--set", "training.epochs=4", "--json")
    assert {unit["reason"] for unit in json.loads(found.stdout)} == {"changed: training.epochs 3 -> 4"}
