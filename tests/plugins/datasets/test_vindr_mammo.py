"""VinDr-Mammo: an exam is a breast; the threshold of BI-RADS is a parameter."""

import pytest
from public_sets import GREY, MAMMO, dataset, problems, tables, write, write_mammo


@pytest.fixture
def mammo(tmp_path):
    return write_mammo(tmp_path)


def test_mammo_an_exam_is_a_breast_and_a_study_stands_for_the_patient(mammo):
    found, unusable = tables("vindr_mammo", mammo)
    assert not unusable
    assert found["patient_id"].tolist() == ["study1"] * 4 + ["study2"] * 2
    assert found["exam_id"].tolist() == ["study1-L"] * 2 + ["study1-R"] * 2 + ["study2-L"] * 2
    assert found["view"].tolist() == ["cc", "mlo"] * 3
    assert found["label"].tolist() == [0, 0, 1, 1, 0, 0]
    assert found["density"].tolist() == ["C"] * 4 + ["A"] * 2
    assert found["birads"].tolist() == [2, 2, 4, 4, 3, 3]


def test_mammo_the_threshold_and_the_split_are_parameters(mammo):
    found, _ = tables("vindr_mammo", mammo, positive_from=3, split="test")
    assert found["label"].tolist() == [1, 1]
    assert found["patient_id"].unique().tolist() == ["study2"]
    assert len(tables("vindr_mammo", mammo, split="training")[0]) == 4


def test_mammo_reads_dicom_and_tells_of_files_that_are_cut_short(mammo):
    opened = dataset("vindr_mammo", mammo)
    rows = opened.exams().to_dict("records")
    assert opened.read(rows[0]).shape == GREY.shape
    file = mammo / "images/study1/image2.dicom"
    file.write_bytes(file.read_bytes()[:-40])
    assert tables("vindr_mammo", mammo)[1] == [("breast-level_annotations.csv, row 3", "the image is cut short")]


def test_mammo_broken_rows_are_told_by_number_and_other_views_are_unusable(mammo):
    file = mammo / "breast-level_annotations.csv"
    write(file, MAMMO.replace("L,CC,3518,2800,BI-RADS 3", "L,ML,3518,2800,BI-RADS 3"))
    assert tables("vindr_mammo", mammo)[1] == [
        ("breast-level_annotations.csv, row 6", "its view is neither CC nor MLO")
    ]
    write(file, MAMMO.replace("BI-RADS 2", "2", 1).replace("image6", "image5").replace("DENSITY A,test", ",test", 1))
    assert problems("vindr_mammo", mammo) == [
        "breast-level_annotations.csv, row 6: breast_density is empty",
        "breast-level_annotations.csv, row 7: the image_id stands in an earlier row already",
        "breast-level_annotations.csv, row 2: breast_birads is not BI-RADS 0 to BI-RADS 6",
    ]
