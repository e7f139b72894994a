"""What was trained is used again: on files, from the run and from a folder that left it."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """A copy of the finished project with its images as DICOM files."""
    home = tmp_path_factory.mktemp("predict") / "project"
    shutil.copytree(finished.home, home)
    project = type(finished)(home)
    project.command("data", "export", "tiny.yaml", "--to", "dicom", "--format", "dicom")
    return project


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def scores_of_run(project, arm):
    """Logit of the ensemble by image, internal test set."""
    table = rows(project.run_folder() / "scores.csv")
    wanted = [
        row for row in table if row["arm"] == arm and row["ensemble"] == "mean_logit" and row["set"] == "internal"
    ]
    return {row["image_id"]: float(row["logit"]) for row in wanted}


def test_predictions_of_exported_dicom_files_are_the_runs_own_scores(exported):
    known = scores_of_run(exported, "ap/tiny")
    files = {
        row["image_id"]: f"dicom/hospital/{row['path']}"
        for row in rows(exported.home / "dicom/hospital/manifest.csv")
        if row["image_id"] in known
    }
    assert len(files) == len(known) == 40
    run = exported.run_folder().relative_to(exported.home)
    found = exported.command("predict", run, "--arm", "ap/tiny", "--json", *files.values(), expect=None)
    predicted = {each["image"]: each for each in json.loads(found.stdout)}
    scored = {image: predicted[path] for image, path in files.items() if predicted[path]["status"] == "scored"}
    assert len(scored) >= 34, "images like those of development were refused"
    for image, each in scored.items():
        assert each["logit"] == pytest.approx(known[image], abs=1e-5)


def test_a_noise_image_an_inverted_one_and_one_cut_short_are_not_scored(exported):
    folder = exported.home / "odd"
    folder.mkdir()
    noise = np.random.default_rng(1).integers(0, 255, (64, 40), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    exported.command("data", "export", "tiny.yaml", "--to", "png")
    genuine = next((exported.home / "png" / "hospital" / "images").glob("*.png"))
    with Image.open(genuine) as image:
        Image.fromarray(65535 - np.asarray(image).astype(np.uint16)).save(folder / "inverted.png")
    (folder / "short.png").write_bytes(genuine.read_bytes()[:300])
    run = exported.run_folder().relative_to(exported.home)
    found = exported.command("predict", run, "--arm", "ap/tiny", "odd", expect=1).stdout
    assert "noise.png: refused: unlike the images of 60 development patients in the view ap" in found
    assert "inverted.png: refused" in found
    assert "short.png: unreadable" in found


def test_an_exported_folder_predicts_as_its_run_does_and_says_what_it_is(exported):
    run = exported.run_folder().relative_to(exported.home)
    exported.command("export", run, "--arm", "lateral/tiny", "--to", "model", "--no-onnx")
    assert not any(path.suffix in (".csv", ".html") for path in (exported.home / "model").rglob("*"))
    card = (exported.home / "model" / "README.md").read_text()
    assert "# lateral/tiny" in card
    assert "must not guide the care of a patient" in card
    assert "<script>" not in card
    findings = json.loads((exported.run_folder() / "findings.json").read_text())
    assert f"{findings['sets']['internal']['arms']['lateral/tiny']['auroc']:.3f}" in card
    options = ("dicom/external", "--json", "--prevalence", "0.1")
    of_run = exported.command("predict", run, "--arm", "lateral/tiny", *options, expect=None).stdout
    of_folder = exported.command("predict", "model", *options, expect=None).stdout
    assert json.loads(of_run) == json.loads(of_folder)
    assert any(each["calibrated"] is not None for each in json.loads(of_run))


def test_where_networks_looked_is_written_as_pictures(exported):
    run = exported.run_folder().relative_to(exported.home)
    images = sorted((exported.home / "dicom/hospital/images").iterdir())[:4]
    found = exported.command("predict", run, "--arm", "ap/tiny", "--json", "--saliency", "looked", *images, expect=None)
    scored = [each for each in json.loads(found.stdout) if each["status"] == "scored"]
    assert scored, "all four were refused"
    pictures = sorted((exported.home / "looked").iterdir())
    assert len(pictures) == len(scored)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.mode == "RGB"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--arm", "ap/tyni", "x.png"), "Did you mean 'ap/tiny'?"),
        (("x.png",), "the run has several arms"),
        (("--arm", "ap/tiny", "absent.png"), "absent.png: is not there"),
    ],
)
def test_a_wrong_request_is_answered_with_what_is_allowed(exported, arguments, said):
    run = exported.run_folder().relative_to(exported.home)
    assert said in exported.command("predict", run, *arguments, expect=2).stderr


def test_a_run_whose_units_are_gone_says_which_folder_is_missing(exported):
    (exported.home / "reports/runs/units").rename(exported.home / "units_elsewhere")
    try:
        run = exported.run_folder().relative_to(exported.home)
        said = exported.command("predict", run, "--arm", "ap/tiny", "tiny.yaml", expect=2).stderr
    finally:
        (exported.home / "units_elsewhere").rename(exported.home / "reports/runs/units")
    assert "are not in the store beside the run" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("limits.json", None, "limits.json cannot be read"),
        ("limits.json", b"{}", "limits.json: preprocessing: Field required"),
        ("study.lock.yaml", b"schema: 1\n", "study.lock.yaml is not as it was exported"),
        ("bundle.json", b"[]", "bundle.json: Input should be"),
        ("units/unit-1/model.safetensors", None, "units/unit-1/model.safetensors cannot be read"),
        ("units/unit-1/model.safetensors", b"short", "units/unit-1/model.safetensors is not as it was exported"),
    ],
)
def test_a_damaged_folder_scores_nothing_and_says_what_is_damaged(exported, name, content, said):
    if not (exported.home / "whole").exists():
        run = exported.run_folder().relative_to(exported.home)
        exported.command("export", run, "--arm", "lateral/tiny", "--to", "whole", "--no-onnx")
    shutil.copytree(exported.home / "whole", exported.home / "damaged", dirs_exist_ok=True)
    (exported.home / "damaged" / name).unlink()
    if content is not None:
        (exported.home / "damaged" / name).write_bytes(content)
    assert said in exported.command("predict", "damaged", "dicom/external", expect=2).stderr
    other = exported.command("predict", "whole", "--arm", "ap/tiny", "dicom/external", expect=2).stderr
    assert "Allowed: 'lateral/tiny'" in other


def test_a_file_whose_name_is_no_utf8_costs_no_other_files_result(exported):
    folder = exported.home / "names"
    folder.mkdir()
    images = sorted((exported.home / "dicom/hospital/images").iterdir())[:2]
    shutil.copyfile(images[0], folder / "plain.dcm")
    shutil.copyfile(images[1], os.fsencode(folder) + b"/m\xfcller.dcm")
    run = exported.run_folder().relative_to(exported.home)
    exported.command("predict", run, "--arm", "ap/tiny", "names", "--csv", "names.csv", expect=None)
    assert [row["image"] for row in rows(exported.home / "names.csv")] == [r"names/m\udcfcller.dcm", "names/plain.dcm"]


def joint_scores(run, arm):
    """Logit of the ensemble by exam, internal test set."""
    return {
        row["exam_id"]: float(row["logit"])
        for row in rows(run / "scores.csv")
        if (row["set"], row["arm"], row["ensemble"]) == ("internal", arm, "mean_logit")
    }


@pytest.mark.parametrize("place", ["run", "export"])
@pytest.mark.parametrize("model", ["simple", "mean", "learned"])
def test_an_arm_of_two_views_predicts_the_runs_own_scores_from_two_folders(joint, model, place):
    project, run = joint
    arm = f"ap+lateral/{model}"
    known = joint_scores(project.home / run, arm)
    if place == "export":
        project.command("export", run, "--arm", arm, "--to", f"{model}_model")
    source = run if place == "run" else f"{model}_model"
    found = json.loads(project.command("predict", source, "--arm", arm, "--json", "ap", "lateral", expect=None).stdout)
    assert len(found) == len(known) == 20
    scored = [each for each in found if each["status"] == "scored"]
    assert len(scored) >= 15
    for each in scored:
        exam = each["image"].split(" + ")[0].removeprefix("ap/").removesuffix(".dcm")
        assert each["image"] == f"ap/{exam}.dcm + lateral/{exam}.dcm"
        assert each["logit"] == pytest.approx(known[exam], abs=1e-5)


def test_views_in_the_wrong_order_alone_or_without_partner_are_not_scored(joint):
    project, run = joint
    known = joint_scores(project.home / run, "ap+lateral/simple")
    exam = next(iter(known))
    assert (
        "in this order: ap, lateral"
        in project.command("predict", run, "--arm", "ap+lateral/simple", "ap", expect=2).stderr
    )
    assert (
        "in this order"
        in project.command("predict", run, "--arm", "ap+lateral/simple", "ap", f"lateral/{exam}.dcm", expect=2).stderr
    )
    (project.home / "few").mkdir()
    shutil.copyfile(project.home / "lateral" / f"{exam}.dcm", project.home / "few" / f"{exam}.dcm")
    found = project.command("predict", run, "--arm", "ap+lateral/simple", "ap", "few", expect=1).stdout
    assert found.count("unreadable: no file of this name in the folder of lateral") == len(known) - 1
    asked = project.command(
        "predict",
        run,
        "--arm",
        "ap+lateral/simple",
        f"ap/{exam}.dcm",
        f"lateral/{exam}.dcm",
        "--saliency",
        "maps",
        expect=2,
    )
    assert "is no network of one view" in asked.stderr
    assert not (project.home / "maps").exists()
