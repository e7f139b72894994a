"""What leaves as a folder: what it holds and shows, and when it is not scored with."""

import json
import shutil

import pytest
from folder_study import draw_images, written
from tiny import Project

from ovcf_bench.data import Silent
from ovcf_bench.errors import RecordError
from ovcf_bench.predict import export_bundle, open_bundle, predict_images
from ovcf_bench.predict.folder import model_card
from ovcf_bench.runner import run_study
from ovcf_bench.sites import export_for_site


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the runs that a test may damage."""
    shutil.copytree(run.parent, tmp_path / "runs")
    return tmp_path / "runs" / run.name


def test_what_is_exported_holds_files_in_folders_and_shows_neither_places_nor_patients(folders, run, tmp_path):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    assert (tmp_path / "out" / "units" / "unit-1" / "inside" / "limit.json").exists()
    export_for_site(run, tmp_path / "package", print)
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) > 20
    assert not [text for text in texts if str(folders.home) in text or "p7" in text]
    again = open_bundle(tmp_path / "out")
    assert again.study.document.cohorts["home"].params.inverted, "how images are read stays"
    images = sorted((folders.home / "images" / "ap").rglob("*.png"))
    assert predict_images(again, images) == predict_images(open_bundle(run, "ap/parts"), images)


@pytest.mark.parametrize(
    ("record", "change", "said"),
    [
        ("bundle.json", {"schema": 99}, "schema 99; this version reads schema 1"),
        ("bundle.json", {"training_version": 0}, "would score images in another way"),
        ("limits.json", {"preprocessing": "v0-32x24-letterbox"}, "would score images in another way"),
    ],
)
def test_what_another_version_made_is_not_scored_in_another_way(run, tmp_path, record, change, said):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    path = tmp_path / "out" / record
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RecordError, match=said):
        open_bundle(tmp_path / "out")


@pytest.mark.parametrize(
    ("record", "text", "said"),
    [
        ("limits.json", None, "exported folder out: limits.json cannot be read"),
        ("limits.json", "{}", "exported folder out, limits.json: preprocessing: Field required"),
        ("bundle.json", "[]", "exported folder out, bundle.json: Input should be an object"),
    ],
)
def test_an_exported_folder_is_not_called_a_run(run, tmp_path, record, text, said):
    export_bundle(open_bundle(run, "ap/parts"), tmp_path / "out", print)
    path = tmp_path / "out" / record
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(RecordError) as refused:
        open_bundle(tmp_path / "out")
    assert str(refused.value).startswith(said)
    assert "Export it again" in str(refused.value)


def test_limits_whose_rows_are_of_unequal_length_are_refused(copy):
    path = copy / "limits.json"
    limits = json.loads(path.read_text())
    limits["views"]["ap"]["mean_image"] = [[1], [1, 2]]
    path.write_text(json.dumps(limits))
    with pytest.raises(RecordError, match=r"limits\.json: its tables have rows of unequal length"):
        open_bundle(copy, "ap/parts")


def test_a_unit_that_does_not_say_what_made_it_is_refused(copy):
    for path in (copy.parent / "units").glob("*/unit.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "identity": {}}))
    with pytest.raises(RecordError, match=r"unit\.json does not say what made it"):
        open_bundle(copy, "ap/parts")


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

    def few(text):
        return text.replace("15", "8").replace("[ap, [ap, lateral]]", "[ap]")

    made = run_study(*written(Project(tmp_path), few), Silent())
    bundle = open_bundle(made.folder.path, "ap/parts")
    assert bundle.unlimited == ("ap",)
    assert "No image of the view ap is refused" in model_card(bundle, None)
