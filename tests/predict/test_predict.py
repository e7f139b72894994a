"""What was trained is asked again in the same process: how files are read, and what is refused."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml
from folder_study import STUDY, written
from tiny import Project

from ovcf_bench import scores
from ovcf_bench.data import Silent
from ovcf_bench.errors import BenchError
from ovcf_bench.hooks import registry
from ovcf_bench.predict import open_bundle, predict_images
from ovcf_bench.predict.images import exams_of
from ovcf_bench.runner import plan_study


def test_files_are_read_as_the_development_cohorts_dataset_reads_them(folders, run):
    bundle = open_bundle(run, "ap/parts")
    table = scores.from_csv((run / "scores.csv").read_text())
    known = table[(table["arm"] == "ap/parts") & (table["kind"] == "test") & (table["ensemble"] == "mean_logit")]
    images = sorted((folders.home / "images" / "ap").rglob("*.png"))
    found = predict_images(bundle, images)
    scored = [each.logit for each in found if each.status == "scored"]
    assert len(scored) >= 40, "images of the study itself were refused"
    for logit in known["logit"]:
        assert np.isclose(scored, logit, atol=1e-9).any()


def test_a_dataset_that_reads_no_single_files_is_named(run, tmp_path):
    bundle = open_bundle(run, "ap/parts")
    dataset = (
        "from ovcf_bench.api import DatasetPlugin, Params, hookimpl\n"
        "def open_it(params, folder):\n    return None\n"
        "@hookimpl\ndef register_datasets(register):\n"
        "    register(DatasetPlugin(name='image_folder2', params=Params, summary='', open=open_it))\n"
    )
    (tmp_path / "code.py").write_text(dataset)
    plugins = registry.load(files=[tmp_path / "code.py"])
    home = bundle.study.document.cohorts["home"].model_copy(update={"dataset": "image_folder2"})
    document = bundle.study.document.model_copy(update={"cohorts": {"home": home}})
    other = replace(bundle, study=replace(bundle.study, document=document), plugins=plugins)
    with pytest.raises(BenchError, match="reads no single files"):
        predict_images(other, [tmp_path / "code.py"])


def test_files_of_views_are_not_joined_when_two_have_one_name(folders, run, tmp_path):
    for view in ("ap", "lateral"):
        (tmp_path / view).mkdir()
        shutil.copyfile(folders.home / "images" / view / "normal" / "p0.png", tmp_path / view / "p0.png")
    shutil.copyfile(tmp_path / "ap" / "p0.png", tmp_path / "ap" / "p0.PNG")
    with pytest.raises(BenchError, match="two images of one name"):
        predict_images(open_bundle(run, "ap+lateral/parts"), [tmp_path / "ap", tmp_path / "lateral"])


def test_epochs_and_optimizer_change_no_unit_that_the_core_does_not_train(folders, tmp_path):
    shutil.copytree(folders.home, tmp_path / "project")
    project = Project(tmp_path / "project")

    def to_run(old, new):
        assert old in STUDY
        return plan_study(*written(project, lambda text: text.replace(old, new)), Silent()).to_run

    changed = yaml.safe_dump({"epochs": 3, "batch_size": 5, "precision": "auto"}, default_flow_style=True)
    assert not to_run("precision: float32", changed.strip()[1:-1])
    assert to_run("32, 24", "32, 32")


def test_dicom_files_without_a_suffix_are_images_too(tmp_path):
    from dicom_files import radiograph, save

    pixels = np.random.default_rng(2).integers(0, 4096, (40, 30), dtype=np.uint16)
    save(tmp_path / "IM0001", radiograph(pixels, 12))
    (tmp_path / "notes").write_text("nothing to see")
    assert exams_of([tmp_path], ["ap"]) == [(tmp_path / "IM0001",)]
    read = registry.load().dataset("manifest").read_file
    shutil.copyfile(tmp_path / "IM0001", tmp_path / "same.dcm")
    np.testing.assert_array_equal(read(None, tmp_path / "IM0001"), read(None, tmp_path / "same.dcm"))


@pytest.mark.parametrize("prevalence", [0.0, 1.0, float("nan")])
def test_a_prevalence_is_a_share(run, prevalence):
    with pytest.raises(BenchError, match="is no share"):
        predict_images(open_bundle(run, "ap/parts"), [run / "scores.csv"], prevalence=prevalence)
