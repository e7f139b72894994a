import json
import subprocess
import sys

import numpy as np
import pytest
from ovcf_plugins.datasets import image_folder
from ovcf_plugins.datasets.image_folder import ImageFolderParams, open_image_folder
from PIL import Image
from pydantic import ValidationError

from ovcf_bench.api import DataError
from ovcf_bench.cohort import check_exams, separate
from ovcf_bench.hooks import registry

GREY = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10
FILES = (
    "front/fracture/anna_1.png", "front/normal/berta_1.png", "side/fracture/anna_1.png", "side/normal/berta_1.png",
)  # fmt: skip

CARLA = ("front/old/carla_1.png", "side/old/carla_1.png")


def save(path, pixels=GREY):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two patients, one of each class, in two views."""
    for number, name in enumerate(FILES):
        save(tmp_path / "data" / name, GREY + number)
    return tmp_path


def params(**changes):
    given = {
        "root": "data",
        "views": {"ap": "front", "lateral": "side"},
        "positive": "fracture",
        "negative": "normal",
        "patient": r"(?P<patient>[a-z]+)_\d+\.png$",
    }
    return ImageFolderParams(**(given | changes))


def exams(folder, **changes):
    return open_image_folder(params(**changes), folder).exams()


def test_the_plugin_registers_itself():
    manager = registry.new_manager()
    manager.register(image_folder, name="image_folder")
    assert "image_folder" in registry.collect(manager, {}).datasets


def test_importing_the_plugin_loads_no_pandas():
    code = "import sys, ovcf_plugins.datasets.image_folder; sys.exit(bool({'numpy', 'pandas', 'PIL'} & {*sys.modules}))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_folders_give_view_and_label_and_names_give_patients(folder):
    table = exams(folder, site="A")
    assert table["place"].tolist() == ["file 1", "file 2", "file 3", "file 4"]
    usable, unusable = separate(table, "data")
    assert not unusable
    found = check_exams(usable, "data")
    assert found["patient_id"].tolist() == ["anna", "berta", "anna", "berta"]
    assert found["view"].tolist() == ["ap", "ap", "lateral", "lateral"]
    assert found["label"].tolist() == [1, 0, 1, 0]
    assert found["site"].unique().tolist() == ["A"]
    assert found["exam_id"].nunique() == 2


def test_pixels_are_those_of_the_file_and_may_be_inverted(folder):
    dataset = open_image_folder(params(), folder)
    rows = dataset.exams().to_dict("records")
    for number, row in enumerate(rows):
        np.testing.assert_array_equal(dataset.read(row), GREY + number)
    np.testing.assert_array_equal(open_image_folder(params(inverted=True), folder).read(rows[0]), 255 - GREY)


def test_the_positive_class_is_said_and_not_the_alphabets(folder):
    assert exams(folder, positive="normal", negative="fracture")["label"].tolist() == [0, 1, 0, 1]


def test_several_folders_may_have_one_label(folder):
    save(folder / "data/front/old/carla_1.png")
    save(folder / "data/side/old/carla_1.png")
    given = params().model_dump() | {"positive": ["fracture", "old"], "negative": ["normal"]}
    table = open_image_folder(ImageFolderParams.model_validate_json(json.dumps(given)), folder).exams()  # as YAML is
    labels = dict(zip(table["image_id"], table["label"], strict=True))
    assert labels == {name: int("normal" not in name) for name in [*FILES, *CARLA]}
    assert exams(folder, negative=("normal", "old"))["label"].tolist() == [1, 0, 0, 1, 0, 0]
    with pytest.raises(DataError, match=r"the folder of negative images is not there\n.*calls it 'new'"):
        exams(folder, negative=("normal", "new"))


def test_an_exam_may_be_read_from_the_name(folder):
    save(folder / "data/front/fracture/anna_2.png")
    table = exams(folder, patient=r"(?P<patient>[a-z]+)_(?P<exam>\d)")
    of_anna = table[table["patient_id"] == "anna"]
    assert of_anna["exam_id"].nunique() == 2
    assert of_anna[of_anna["view"] == "lateral"]["exam_id"].isin(of_anna[of_anna["view"] == "ap"]["exam_id"]).all()


def test_a_name_that_does_not_fit_is_never_guessed(folder):
    save(folder / "data/side/normal/SECRET.png")
    save(folder / "data/side/normal/_7.png")
    _, unusable = separate(exams(folder, patient=r"(?P<patient>[a-z]*)_\d+\.png$"), "data")
    assert [(each.place, each.reason) for each in unusable] == [
        ("file 4", "its name does not fit params.patient"),
        ("file 5", "its name does not fit params.patient"),
    ]


def test_files_that_are_no_images_are_told_by_number_and_hidden_ones_passed_over(folder):
    (folder / "data/front/normal/.DS_Store").write_bytes(b"x")
    (folder / "data/front/normal/notes.txt").write_text("x")
    _, unusable = separate(exams(folder), "data")
    assert [(each.place, each.reason) for each in unusable] == [("file 3", "unknown kind of file")]


def test_a_patient_in_both_classes_is_refused_without_a_name(folder):
    save(folder / "data/side/normal/anna_9.png")
    with pytest.raises(DataError, match="1 patient has images in the folders of both classes") as caught:
        exams(folder)
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"patient": r"\d+"}, "lacks the group"),
        ({"patient": "(?P<patient>["}, "no regular expression"),
        ({"negative": "fracture"}, "name the same folder"),
        ({"negative": ("normal", "fracture")}, "name the same folder"),
        ({"negative": ("normal", "normal")}, "a class folder is named twice"),
        ({"negative": ()}, "negative"),
        ({"positive": ""}, "positive"),
        ({"views": {}}, "views"),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(changes, found):
    with pytest.raises(ValidationError, match=found):
        params(**changes)


def test_the_expression_is_required():
    with pytest.raises(ValidationError, match="patient"):
        ImageFolderParams(root=".", views={"ap": "ap"}, positive="a", negative="b")


def test_folders_that_are_missing_or_empty_say_so(folder, monkeypatch):
    monkeypatch.delenv("OVCF_TEST_ROOT", raising=False)
    with pytest.raises(DataError, match=r"params\.views\.ap: the folder of positive images is not there"):
        exams(folder, views={"ap": "gone"})
    with pytest.raises(DataError, match=r"params\.root: the folder is not there"):
        exams(folder, root="gone")
    with pytest.raises(DataError, match="the variable OVCF_TEST_ROOT is not set"):
        exams(folder, root="${OVCF_TEST_ROOT}/data")
    for name in ("a", "b"):
        (folder / "data/empty" / name).mkdir(parents=True)
    with pytest.raises(DataError, match="hold no files"):
        exams(folder, views={"ap": "empty"}, positive="a", negative="b")
