"""One whole study from the command to its report: what it leaves, that it fits together, and how it goes on."""

import html
import json
import re
import shutil

import pandas as pd
import pytest
from planned import killed_after_an_epoch, planned
from sklearn.metrics import roc_auc_score
from tiny import Project

from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.records import folder as records_folder
from ovcf_bench.study import read_lock

NETWORKS = ["ap/net", "lateral/net", "ap/simple", "lateral/simple", "ap+lateral/simple"]
FUSED = ["ap+lateral/mean", "ap+lateral/learned"]
# The same study with fewer arms and another margin: its units are finished.
COMPARISON = "{id: ap_vs_lateral, a: ap/net, b: lateral/net, claim: noninferiority, margin: 0.1}"
PAIR = ("arms={views: [ap, lateral], models: [net]}", f"comparisons=[{COMPARISON}]")
ONE = ("arms={views: [ap], models: [net]}", "comparisons=[]", "primary=null", "report.images=none")


def options(*changes):
    """Changes of the study as the command takes them."""
    return [word for each in changes for word in ("--set", each)]


def record(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def by_margin(project):
    """The run folders of a project, by the margin of their primary comparison."""
    folders = [path.parent for path in project.home.glob("reports/runs/tiny-*/findings.json")]
    return {record(each, "findings.json")["sets"]["internal"]["comparisons"][0]["margin"]: each for each in folders}


def copied(project, folder):
    shutil.copytree(project.home, folder / "project")
    return Project(folder / "project")


@pytest.fixture(scope="module")
def wider(tiny, tmp_path_factory):
    """A copy of the tiny project in which two arms of the study have been run again, with a wider margin."""
    project = copied(tiny, tmp_path_factory.mktemp("wider"))
    project.command("run", "tiny.yaml", *options(*PAIR))
    return project


@pytest.fixture(scope="module")
def table(tiny):
    return pd.read_csv(tiny.run / "scores.csv")


@pytest.fixture(scope="module")
def listed(tiny):
    """The images as the dataset lists them, with the pseudonyms that the project's key gives them."""
    study, plugins, how = tiny.opened()
    images = plugins.dataset("phantom").open(study.document.cohorts["home"].params, tiny.home).exams()
    hidden = Pseudonyms(load_key(how.key))
    return images.assign(hidden=hidden.all("patient", images["patient_id"]))


def test_a_run_leaves_every_record(tiny):
    assert {path.name for path in tiny.run.iterdir()} == {
        "study.lock.yaml", "splits.csv", "flow.json", "checks.json", "cohort.csv", "history.csv", "scores.csv",
        "findings.json", "provenance.json", "limits.json", "gallery.json", "report.html",
    }  # fmt: skip
    assert [path.name for path in tiny.run.parent.iterdir() if path.is_file()] == ["ledger.jsonl"]
    assert len(list(tiny.run.parent.glob("units/*/unit.json"))) == 2 * len(NETWORKS + FUSED)


def test_the_lock_is_parsed_once_for_findings_and_page(project, monkeypatch):
    lock = project.run / "study.lock.yaml"
    lock.write_text(lock.read_text("utf-8") + "# no test has read this one before\n", "utf-8")
    parsed = []
    monkeypatch.setattr(records_folder, "read_lock", lambda text: parsed.append(text) or read_lock(text))
    project.command("report", project.run)
    assert len(parsed) == 1


def test_every_listed_case_is_scored_once_by_every_network_and_ensemble(table):
    counts = table.groupby(["arm", "set", "kind", "ensemble"]).size().to_dict()
    for arm in NETWORKS + FUSED:
        assert counts.pop((arm, "development", "oof", "none")) == 40
        assert counts.pop((arm, "internal", "test", "none")) == 2 * 42
        assert counts.pop((arm, "internal", "test", "mean_logit")) == 42
        assert counts.pop((arm, "internal", "test", "mean_probability")) == 42
    assert counts == {
        ("ap/people", "development", "oof", "none"): 40,
        ("ap/people", "internal", "test", "mean_logit"): 42,
    }
    assert not table.duplicated(["arm", "fold", "ensemble", "exam_id"]).any()


def test_the_ensemble_is_the_mean_of_its_networks(table):
    test = table[(table["kind"] == "test") & (table["arm"] != "ap/people")]
    case = ["arm", "set", "exam_id"]
    for ensemble, column in (("mean_logit", "logit"), ("mean_probability", "score")):
        networks = test[test["ensemble"] == "none"].groupby(case)[column].mean()
        made = test[test["ensemble"] == ensemble].set_index(case)[column]
        assert len(made) == 42 * len(NETWORKS + FUSED)
        assert (networks.sort_index() - made.sort_index()).abs().max() < 1e-12


def test_the_auroc_of_the_findings_is_scikit_learns(tiny, table):
    found = record(tiny.run, "findings.json")["sets"]["internal"]["arms"]
    assert set(found) == {*NETWORKS, *FUSED, "ap/people"}
    for arm, result in found.items():
        mine = table[(table["set"] == "internal") & (table["arm"] == arm) & (table["ensemble"] == "mean_logit")]
        assert result["auroc"] == pytest.approx(roc_auc_score(mine["label"], mine["score"]), rel=1e-12)


def test_the_aurocs_of_the_report_are_those_of_the_findings(tiny):
    page = (tiny.run / "report.html").read_text("utf-8")
    rows = re.findall(r'<tr id="row-auroc-0-\d+">(.*?)</tr>', page, re.S)
    without_notes = [re.sub(r"<sup>.*?</sup>", "", row) for row in rows]
    shown = [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)]
        for row in without_notes
    ]
    found = record(tiny.run, "findings.json")["sets"]["internal"]["arms"]
    counted = ("n", "positives", "negatives")
    assert [row[:6] for row in shown] == [
        [arm, f"{each['auroc']:.3f}", "{:.3f} to {:.3f}".format(*each["ci"]), *(str(each[name]) for name in counted)]
        for arm, each in found.items()
    ]


def test_the_gallery_shows_the_exams_that_the_findings_name(tiny):
    named, pictures = record(tiny.run, "findings.json")["gallery"], record(tiny.run, "gallery.json")
    assert named["exams"]
    assert [(each["exam"], each["view"]) for each in pictures["images"]] == [
        (exam["exam"], view) for exam in named["exams"] for view in ("ap", "lateral")
    ]
    assert all(each["picture"].startswith("data:image/webp;base64,") for each in pictures["images"])


def test_eligibility_is_counted_and_nobody_who_was_left_out_stands_in_the_records(tiny, table, listed):
    steps = record(tiny.run, "flow.json")["cohorts"]["home"]["steps"]
    late = listed["days_to_mri"] > 7
    out, kept = set(listed[late]["hidden"]), set(listed[~late]["hidden"])
    assert len(out) == 4
    assert [(step["reason"], step["dropped"]["patients"], step["after"]["patients"]) for step in steps] == [
        ("listed by the dataset", 0, listed["patient_id"].nunique()),
        ("MRI to X-ray over 7 days", len(out), len(kept)),
    ]
    assert steps[1]["dropped"]["images"] == late.sum()
    for found in (pd.read_csv(tiny.run / "splits.csv"), pd.read_csv(tiny.run / "cohort.csv"), table):
        assert set(found["patient_id"]) == kept


def test_patients_exams_and_images_are_written_as_pseudonyms_only(tiny, table):
    for kind in ("patient", "exam"):
        assert table[f"{kind}_id"].str.fullmatch(f"{kind[0]}-[0-9a-f]{{22}}").all()
    single = table["view"].isin(["ap", "lateral"])
    assert table["image_id"][single].str.fullmatch("i-[0-9a-f]{22}").all()
    assert table["image_id"][~single].isna().all(), "an exam of two views is named by its own pseudonym"
    for name in ("splits.csv", "cohort.csv"):
        assert pd.read_csv(tiny.run / name)["patient_id"].str.fullmatch("p-[0-9a-f]{22}").all()


def test_no_identifier_and_no_private_path_is_written(tiny, listed):
    assert listed["patient_id"].str.startswith("A-0000").all()
    written = tiny.contents("reports")
    assert len(written) > 60
    for name, content in written.items():
        assert b"A-0000" not in content, name
        assert str(tiny.home).encode() not in content, name


def test_the_same_command_again_changes_no_byte(project):
    before = project.contents()
    project.command("run", "tiny.yaml")
    assert project.contents() == before


def test_the_plan_says_what_changed(project):
    found = project.command("plan", "tiny.yaml", "--set", "training.epochs=4", "--json")
    said = {(unit["arm"], unit["status"], unit["reason"]) for unit in json.loads(found.stdout)}
    trained = {(arm, "run", "changed: training.epochs 2 -> 4") for arm in ("ap/net", "lateral/net")}
    others = {(arm, "cached", "finished earlier") for arm in (*NETWORKS, *FUSED) if not arm.endswith("/net")}
    assert said == trained | others


def test_the_plan_of_a_new_arm_keeps_what_is_finished(project):
    arms = "arms={views: [ap, lateral, [ap, lateral]], models: [net]}"
    found = project.command("plan", "tiny.yaml", *options(arms, PAIR[1]), "--json")
    assert {(unit["arm"], unit["status"]) for unit in json.loads(found.stdout)} == {
        ("ap/net", "cached"), ("lateral/net", "cached"), ("ap+lateral/net", "run"),
    }  # fmt: skip


def test_a_new_margin_trains_nothing_and_is_not_called_declared(tiny, wider):
    def units(project):
        return {name: content for name, content in project.contents("reports").items() if "units" in name.parts}

    assert units(wider) == units(tiny)
    declared = {}
    for margin, folder in by_margin(wider).items():
        declared[margin] = record(folder, "findings.json")["sets"]["internal"]["comparisons"][0]["declared"]
    assert declared == {0.05: True, 0.1: False}


def test_the_report_is_rebuilt_from_the_records_alone(wider, tmp_path):
    project = copied(wider, tmp_path)
    folder = by_margin(project)[0.1]
    before = project.contents(folder)
    for derived in ("report.html", "findings.json"):
        (folder / derived).unlink()
    for others in ("cache", "config", "reports/runs/units"):
        shutil.rmtree(project.home / others)
    project.command("report", folder.relative_to(project.home))
    assert project.contents(folder) == before


@pytest.mark.parametrize("lacking", [["patient_id"], ["split"], ["label"], ["split", "label"]])
def test_a_cohort_without_a_column_is_an_error_that_names_the_file_and_the_way_out(project, lacking):
    cohort = project.run / "cohort.csv"
    pd.read_csv(cohort).drop(columns=lacking).to_csv(cohort, index=False)
    said = project.command("report", project.run.relative_to(project.home), expect=2).stderr
    assert f"run {project.run.name}, cohort.csv: lacks {', '.join(lacking)}" in said
    assert "run the study again" in said


def test_a_unit_that_is_killed_goes_on_from_its_last_epoch_to_the_same_bytes(project):
    here = planned(*project.opened("tiny.yaml", *ONE))
    unit = project.home / "reports" / "runs" / "units" / here.unit("ap/net").key
    kept = {name: (unit / name).read_bytes() for name in ("scores.csv", "model.safetensors")}
    shutil.rmtree(unit)
    outcome, epoch = killed_after_an_epoch(here.job("ap/net"))
    assert "its process was ended by SIGKILL" in outcome.reason
    assert {path.name for path in unit.iterdir()} == {"epoch.pt"}
    project.command("run", "tiny.yaml", *options(*ONE))
    history = record(unit, "history.json")
    assert [each["epoch"] for each in history] == [1, 2]
    assert history[0].items() <= epoch.items(), "the first epoch was not trained again: its speed is the killed one's"
    assert {name: (unit / name).read_bytes() for name in kept} == kept
    assert not (unit / "epoch.pt").exists()


def test_a_failing_unit_is_shown_and_never_imputed(project):
    before = set(project.home.glob("reports/runs/tiny-*"))
    found = project.command("run", "tiny.yaml", *options("training.optimizer.learning_rate=1e30", *ONE), expect=1)
    assert "the loss is" in found.output
    (folder,) = set(project.home.glob("reports/runs/tiny-*")) - before
    assert record(folder, "findings.json")["sets"]["internal"]["arms"]["ap/net"]["auroc"] is None
    assert "units failed" in (folder / "report.html").read_text("utf-8")
