"""What was trained is opened and asked again in the same process: how files are read, what is refused, what leaves."""

import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from ovcf_bench import registry, scores
from ovcf_bench.cli.options import open_study
from ovcf_bench.errors import BenchError, RecordError
from ovcf_bench.images import ImageCache
from ovcf_bench.predict import export_bundle, open_bundle, predict_images
from ovcf_bench.predict.card import model_card
from ovcf_bench.predict.files import exams_of
from ovcf_bench.report import write_report
from ovcf_bench.runner import Options, Silent, plan_study, run_study
from ovcf_bench.sites import add_site, export_for_site, validate_site
from ovcf_bench.sites.overlap import count_known

STUDY = """
schema: 1
title: Folders
plugins: [PLUGIN]
cohorts:
  home:
    dataset: image_folder
    params:
      root: ROOT
      views: {ap: ap, lateral: lateral}
      positive: fracture
      negative: normal
      patient: '(?P<patient>[a-z0-9]+)'
      inverted: true
eligibility:
  - {drop: {column: patient_id, equals: p7}, reason: "p7 withdrew"}
splits: {development: {from: home, positives: 15, negatives: 15}, internal: {from: home}, folds: 2}
models: {parts: {model: parts}}
arms: {views: [ap, lateral], include: [{views: [ap, lateral], model: parts}]}
training: {image_size: [32, 24], precision: float32}
report: {images: none}
"""
PLUGIN = """
import json
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl

class Mean:
    def __init__(self, limit):
        self.limit = limit

    def scores(self, pixels):
        images = pixels[np.arange(pixels.shape[0])]
        return (9 * (images.reshape(len(images), -1).mean(axis=1) / 65535 - self.limit)).astype(np.float32)[:, None]

    def save(self, folder):
        (folder / "inside").mkdir(exist_ok=True)
        (folder / "inside" / "limit.json").write_text(json.dumps(self.limit))

def fit(params, train, tune, context):
    images = train.pixels[np.arange(train.pixels.shape[0])]
    return Mean(float(images.mean() / 65535))

def load(params, folder, context):
    return Mean(json.loads((folder / "inside" / "limit.json").read_text()))

@hookimpl
def register_models(register):
    register(ModelPlugin(name="parts", params=Params, summary="Mean", fit=fit, load=load))
"""


def draw_images(root, patients=50, seed=4):
    """Dark bone: the images of the study are inverted."""
    random = np.random.default_rng(seed)
    for number in range(patients):
        label = "fracture" if number % 2 else "normal"
        for view in ("ap", "lateral"):
            image = 70 + 8 * (number % 2) + random.normal(0, 12, (32, 24)) + np.linspace(0, 60, 24)
            path = root / view / label / f"p{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(path)


def ready(folder, change=lambda text: text):
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "parts.py").write_text(PLUGIN)
    # Absolute places: what is exported must not show them.
    text = change(STUDY).replace("PLUGIN", str(folder / "code" / "parts.py")).replace("ROOT", str(folder / "images"))
    (folder / "study.yaml").write_text(text)
    (folder / "key").write_text("ab" * 32)
    (folder / "key").chmod(0o600)
    study, plugins = open_study(folder / "study.yaml")
    return study, plugins, Options(runs=folder / "runs", cache=ImageCache(folder / "cache", 10**9), key=folder / "key")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    draw_images(folder / "images")
    result = run_study(*ready(folder), Silent())
    assert not result.failed
    return result.folder.path


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the runs that a test may damage."""
    shutil.copytree(run.parent, tmp_path / "runs")
    return tmp_path / "runs" / run.name


def test_files_are_read_as_the_development_cohorts_dataset_reads_them(run):
    bundle = open_bundle(run, "ap/parts")
    table = scores.from_csv((run / "scores.csv").read_text())
    known = table[(table["arm"] == "ap/parts") & (table["kind"] == "test") & (table["ensemble"] == "mean_logit")]
    images = sorted((run.parents[1] / "images" / "ap").rglob("*.png"))
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


def test_what_is_exported_holds_files_in_folders_and_shows_neither_places_nor_patients(run, tmp_path):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    assert (tmp_path / "out" / "units" / "unit-1" / "inside" / "limit.json").exists()
    export_for_site(run, tmp_path / "package", print)
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) > 20
    assert not [text for text in texts if str(run.parents[1]) in text or "p7" in text]
    again = open_bundle(tmp_path / "out")
    assert again.study.document.cohorts["home"].params.inverted, "how images are read stays"
    images = sorted((run.parents[1] / "images" / "ap").rglob("*.png"))
    assert predict_images(again, images) == predict_images(open_bundle(run, "ap/parts"), images)


@pytest.mark.parametrize(
    ("record", "change"),
    [
        ("bundle.json", {"schema": 99}),
        ("bundle.json", {"training_version": 0}),
        ("limits.json", {"preprocessing": "v0-32x24-letterbox"}),
    ],
)
def test_what_another_version_made_is_not_scored_in_another_way(run, tmp_path, record, change):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    path = tmp_path / "out" / record
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RecordError, match="would score images in another way"):
        open_bundle(tmp_path / "out")


def test_an_exported_folder_whose_numbers_were_changed_scores_nothing(run, tmp_path):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    path = tmp_path / "out" / "units" / "unit-1" / "inside" / "limit.json"
    path.write_text(str(-float(path.read_text())))
    with pytest.raises(RecordError, match=r"inside/limit\.json is not as it was exported"):
        open_bundle(tmp_path / "out")


def test_a_run_of_another_version_is_not_scored_in_another_way(copy):
    path = copy / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "training_version": 0}))
    with pytest.raises(RecordError, match="would score images in another way"):
        open_bundle(copy, "ap/parts")


def test_where_nothing_is_refused_the_card_says_so(tmp_path):
    draw_images(tmp_path / "images", 24)
    few = run_study(*ready(tmp_path, lambda text: text.replace("15", "8")), Silent())
    bundle = open_bundle(few.folder.path, "ap/parts")
    assert bundle.unlimited == ("ap",)
    assert "No image of the view ap is refused" in model_card(bundle, None)


def test_files_of_views_are_not_joined_when_two_have_one_name(run, tmp_path):
    for view in ("ap", "lateral"):
        (tmp_path / view).mkdir()
        shutil.copyfile(run.parents[1] / "images" / view / "normal" / "p0.png", tmp_path / view / "p0.png")
    shutil.copyfile(tmp_path / "ap" / "p0.png", tmp_path / "ap" / "p0.PNG")
    with pytest.raises(BenchError, match="two images of one name"):
        predict_images(open_bundle(run, "ap+lateral/parts"), [tmp_path / "ap", tmp_path / "lateral"])


def test_epochs_and_optimizer_change_no_unit_that_the_core_does_not_train(run):
    folder = run.parents[1]
    changed = {"epochs": 3, "batch_size": 5, "precision": "auto"}

    def change(text):
        return text.replace("precision: float32", yaml.safe_dump(changed, default_flow_style=True).strip()[1:-1])

    assert not plan_study(*ready(folder, change), Silent()).to_run
    assert plan_study(*ready(folder, lambda text: text.replace("32, 24", "32, 32")), Silent()).to_run
    ready(folder)


@pytest.fixture(scope="module")
def package(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    export_for_site(run, folder / "package", print)
    rows = []
    for label in ("fracture", "normal"):
        for view in ("ap", "lateral"):
            for path in sorted((run.parents[1] / "images" / view / label).iterdir()):
                rows.append((path.stem, view, int(label == "fracture"), str(path)))
    table = pd.DataFrame(rows, columns=["patient_id", "view", "label", "path"])
    table.to_csv(folder / "all.csv", index=False)
    one = (table["patient_id"].str[1:].astype(int) % 4 < 2) == (table["view"] == "ap")
    table[one].to_csv(folder / "one_view_each.csv", index=False)
    return folder


def test_a_site_says_how_its_own_files_are_read(package):
    settings = {"inverted": True}
    turned = validate_site(
        package / "package", package / "all.csv", "c", b"k" * 32, package / "a.zip", settings=settings
    )
    stored = validate_site(package / "package", package / "all.csv", "c", b"k" * 32, package / "b.zip")
    assert turned.unusual["ap"] <= 5
    assert stored.unusual["ap"] >= 45, "dark bone is unlike the study's images"


def test_a_site_without_whole_exams_hears_it_before_anything_is_scored(package):
    with pytest.raises(BenchError, match="no exam has all of ap, lateral"):
        validate_site(package / "package", package / "one_view_each.csv", "c", b"k" * 32, package / "c.zip")
    assert not (package / "c.zip").exists()


def test_images_of_the_study_are_no_further_test_set_under_another_key(package, run):
    settings = {"inverted": True}
    validate_site(package / "package", package / "all.csv", "d", b"k" * 32, package / "d.zip", settings=settings)
    with pytest.raises(BenchError, match="of its cases have the scores of cases of the study, under other names"):
        add_site(run, package / "d.zip", None)


def test_development_images_alone_are_found_too_and_new_ones_are_not(package, run):
    own = scores.from_csv((run / "scores.csv").read_text())
    developed = own[own["kind"] == "oof"]
    fold = developed[developed["fold"] == 0].assign(kind="test", set="d", exam_id=lambda table: "x" + table["exam_id"])
    assert count_known(fold, own) >= 10
    new = fold.assign(logit=fold["logit"] + np.random.default_rng(1).normal(0, 0.01, len(fold)))
    assert count_known(new, own) == 0
    constant = own.assign(logit=0.5)
    assert count_known(fold.assign(logit=0.5), constant) == 0, "a model that says one thing tells nobody apart"


def test_new_patients_are_added_with_what_is_not_proven_about_them(package, run, tmp_path):
    draw_images(tmp_path / "images", 30, seed=9)
    rows = ["patient_id,view,label,path,site"]
    for path in sorted((tmp_path / "images").rglob("*.png")):
        rows.append(f"{path.stem},{path.parts[-3]},{int(path.parts[-2] == 'fracture')},{path},Ward of Dr Doe")
    shutil.copyfile(path, tmp_path / "oblique.png")
    rows.append(f"p0,oblique,0,{tmp_path / 'oblique.png'},Ward of Dr Doe")
    (tmp_path / "theirs.csv").write_text("\n".join(rows) + "\n")
    sent = validate_site(package / "package", tmp_path / "theirs.csv", "e", b"k" * 32, tmp_path / "e.zip",
                         settings={"inverted": True})  # fmt: skip
    assert sent.left_out == {"oblique": 1}
    assert b"Doe" not in b"".join(
        zipfile.ZipFile(tmp_path / "e.zip").read(name) for name in ("scores.csv", "site.json")
    )
    folder = add_site(run, tmp_path / "e.zip", None)
    html = write_report(folder).read_text("utf-8")
    assert "e, scored elsewhere, is no part of this proof" in html
    assert "except of e, scored elsewhere" in html
    assert "was not held against a hash" in html
    assert "look unlike those of development" in html
    shutil.rmtree(folder)
    html = write_report(add_site(run, tmp_path / "e.zip", sent.digest)).read_text("utf-8")
    assert "was not held against a hash" not in html
    shutil.rmtree(folder)


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
