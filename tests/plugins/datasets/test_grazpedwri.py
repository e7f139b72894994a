"""GRAZPEDWRI-DX: an exam is a wrist; casts are the study's choice."""

import numpy as np
import pytest
from public_sets import GRAZ, GREY, dataset, problems, tables, write, write_graz


@pytest.fixture
def graz(tmp_path):
    return write_graz(tmp_path)


def test_graz_an_exam_is_a_wrist_and_its_label_that_of_any_image(graz):
    found, unusable = tables("grazpedwri", graz, casts="exclude")
    assert found["exam_id"].tolist() == ["1-1-L", "1-1-L", "1-1-R", "2-1-R"]
    assert found["patient_id"].tolist() == ["1", "1", "1", "2"]
    assert found["view"].tolist() == ["frontal", "lateral", "frontal", "frontal"]
    assert found["label"].tolist() == [1, 1, 0, 0]
    assert found["age"].tolist() == [14.1, 14.1, 14.1, 12.5]
    assert found["sex"].tolist() == ["M", "M", "M", "F"]
    assert found["diagnosis_uncertain"].tolist() == [0, 0, 1, 0]
    assert found["tag_manufacturer"].tolist() == ["Siemens"] * 3 + ["Agfa"]
    assert unusable == [
        ("dataset.csv, row 4", "its projection is neither frontal nor lateral"),
        ("dataset.csv, row 5", "a cast is in the image"),
    ]


def test_graz_casts_may_be_kept_and_are_a_covariate(graz):
    found, unusable = tables("grazpedwri", graz, casts="keep")
    assert found["cast"].tolist() == [0, 0, 1, 0, 0]
    assert found["metal"].tolist() == [0, 0, 1, 0, 0]
    assert found["initial_exam"].tolist() == [1, 1, 0, 1, 1]
    assert len(unusable) == 1


def test_graz_finds_an_image_in_any_of_the_four_folders(graz):
    opened = dataset("grazpedwri", graz, casts="exclude")
    for row in opened.exams().to_dict("records"):
        np.testing.assert_array_equal(opened.read(row), GREY.astype(np.uint16) * 257)
    for file in (graz / "images_part4").iterdir():
        file.unlink()
    _, unusable = tables("grazpedwri", graz, casts="keep")
    assert ("dataset.csv, row 5", "the image file is not there") in unusable


def test_graz_broken_rows_are_told_by_number(graz):
    wrong = GRAZ.replace("\n0002_0354485735_01_WRI-R1_F012,2,1,", "\n0001_0297860884_01_WRI-L1_M014,,1,")
    write(graz / "dataset.csv", wrong.replace(",1,,0.144", ",yes,,0.144", 1))
    assert problems("grazpedwri", graz, casts="keep") == [
        "dataset.csv, row 7: patient_id is empty",
        "dataset.csv, row 7: the filestem stands in an earlier row already",
        "dataset.csv, row 3: fracture_visible is not 1, 0 or blank",
    ]
