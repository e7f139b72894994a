"""CheXpert: studies by patient, and labels that are uncertain or blank."""

import pytest
from public_sets import CHEXPERT, EFFUSION, GREY, dataset, picture, problems, tables, write, write_stanford


@pytest.fixture
def stanford(tmp_path):
    return write_stanford(tmp_path)


def test_chexpert_groups_studies_by_patient_and_laterals_have_no_projection(stanford):
    found, unusable = tables("chexpert", stanford, **EFFUSION)
    assert found["patient_id"].unique().tolist() == ["patient00001"]
    assert found["exam_id"].tolist() == ["patient00001-study1"] * 2 + ["patient00001-study2"]
    assert found["view"].tolist() == ["frontal", "lateral", "frontal"]
    assert found["label"].tolist() == [1, 1, 0]
    assert found["age"].tolist() == [68, 68, 70]
    assert found["sex"].tolist() == ["Female"] * 3
    assert found["tag_projection"].fillna("").tolist() == ["AP", "", "PA"]
    assert unusable == [("train.csv, row 5", "its label is uncertain"), ("train.csv, row 6", "its label is blank")]


@pytest.mark.parametrize(
    ("uncertain", "blank", "labels"),
    [
        ("positive", "negative", [1, 1, 0, 1, 0]),
        ("negative", "negative", [1, 1, 0, 0, 0]),
        ("exclude", "negative", [1, 1, 0, 0]),
        ("positive", "exclude", [1, 1, 0, 1]),
    ],
)
def test_chexpert_uncertain_and_blank_labels_count_as_the_study_says(stanford, uncertain, blank, labels):
    found, _ = tables("chexpert", stanford, target="Pleural Effusion", uncertain=uncertain, blank=blank)
    assert found["label"].tolist() == labels


def test_chexpert_valid_is_a_table_of_its_own_and_the_full_set_has_another_first_folder(stanford):
    line = "CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,"
    header, *_ = CHEXPERT.splitlines()
    write(stanford / "valid.csv", f"{header}\n{line}{'0.0,' * 10}1.0,0.0,0.0,0.0\n")
    picture(stanford / "valid/patient64541/study1/view1_frontal.jpg", GREY[::-1])
    opened = dataset("chexpert", stanford, part="valid", **EFFUSION)
    (row,) = opened.exams().to_dict("records")
    assert row["label"] == 1
    assert opened.read(row).shape == GREY.shape


def test_chexpert_an_unknown_view_is_unusable_and_broken_rows_are_told_by_number(stanford):
    write(stanford / "train.csv", CHEXPERT.replace("Male,83,Frontal", "Male,83,Oblique"))
    assert tables("chexpert", stanford, **EFFUSION)[1][0] == ("train.csv, row 5", "its view is unknown")
    wrong = CHEXPERT.replace("0.0,1.0,,,1.0", "0.0,2,,,1.0", 1).replace("patient00003/study1", "someone/secret")
    write(stanford / "train.csv", wrong)
    found = problems("chexpert", stanford, **EFFUSION)
    assert found == [
        "train.csv, row 6: Path names no patient and study",
        "train.csv, row 2: Pleural Effusion is not 1, 0, -1 or blank",
    ]


def test_chexpert_a_missing_column_is_named(stanford):
    write(stanford / "train.csv", CHEXPERT.replace("Pleural Effusion", "Effusion"))
    assert problems("chexpert", stanford, **EFFUSION) == ["train.csv, row 1: the column 'Pleural Effusion' is missing"]
