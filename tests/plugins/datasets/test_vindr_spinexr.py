"""VinDr-SpineXR: a study is labelled, and the view stands in the header or in a table."""

import numpy as np
import pytest
from public_sets import GREY, SPINEXR, dataset, problems, tables, write, write_spinexr

from ovcf_bench.cohort import separate


@pytest.fixture
def spinexr(tmp_path):
    return write_spinexr(tmp_path)


def test_spinexr_labels_a_study_and_takes_the_view_from_the_header(spinexr):
    found, unusable = tables("vindr_spinexr", spinexr, views={"pa": "ap"})
    assert found["patient_id"].tolist() == ["study1", "study1", "study2", "study2"]
    assert found["view"].tolist() == ["lateral", "ap", "ap", "lateral"]
    assert found["label"].tolist() == [1, 1, 0, 0]
    assert found["sex"].unique().tolist() == ["F"]
    assert found["age"].unique().tolist() == [63]
    assert unusable == [("train.csv, row 7", "its view is unknown, or its sources disagree")]


def test_spinexr_other_lesions_may_be_positive(spinexr):
    found, _ = tables("vindr_spinexr", spinexr, positive=("Osteophytes", "Spondylolysthesis"))
    assert found.groupby("patient_id")["label"].first().to_dict() == {"study1": 1, "study2": 1}
    (problem,) = problems("vindr_spinexr", spinexr, positive=("Vertebral colapse",))
    assert problem == "vindr_spinexr, params.positive: no row has 'Vertebral colapse'"


def test_spinexr_views_may_come_from_a_table_and_a_conflict_is_no_view(spinexr):
    write(spinexr / "views.csv", "image_id,view\nimage5,ap\nimage1,ap\n")
    found, unusable = tables("vindr_spinexr", spinexr, views_file="views.csv", views={"pa": "ap"})
    assert found["image_id"].tolist() == ["image2", "image3", "image4", "image5"]
    assert [place for place, _ in unusable] == ["train.csv, row 2"]
    write(spinexr / "views.csv", "image_id,view\nimage5,ap\nimage5,lateral\n,ap\n")
    assert problems("vindr_spinexr", spinexr, views_file="views.csv") == [
        "views.csv, row 4: image_id is empty",
        "views.csv, row 3: the image_id stands in an earlier row already",
    ]


def test_spinexr_reads_pixels_and_tells_of_missing_files(spinexr):
    opened = dataset("vindr_spinexr", spinexr)
    pixels = opened.read(opened.exams().to_dict("records")[0])
    assert pixels.shape == GREY.shape
    assert pixels.dtype == np.float32
    _, unusable = separate(dataset("vindr_spinexr", spinexr, part="test").exams(), "test")
    assert {each.reason for each in unusable} == {"the image file is not there"}
    assert len(unusable) == 5


def test_spinexr_broken_rows_are_told_by_number(spinexr):
    write(spinexr / "annotations/train.csv", SPINEXR + "study9,s,image1,rad1,Osteophytes\nstudy9,s,image9,rad1,\n")
    found = problems("vindr_spinexr", spinexr)
    assert found == [
        "train.csv, row 9: lesion_type is empty",
        "train.csv, row 8: the image stood in another study before",
    ]
