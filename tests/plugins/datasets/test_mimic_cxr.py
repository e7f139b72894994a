"""MIMIC-CXR-JPG: images joined with the labels of their study, tables plain or gzipped."""

import pytest
from public_sets import EFFUSION, FINDINGS, GREY, METADATA, dataset, problems, tables, write, write_boston


@pytest.fixture(params=["", ".gz"], ids=["plain", "gzip"])
def boston(request, tmp_path):
    """Three patients, with both words for the lateral view, a blank view, and a study without any label."""
    return write_boston(tmp_path, request.param)


def test_mimic_joins_images_with_the_labels_of_their_study(boston):
    found, unusable = tables("mimic_cxr", boston, target="Pleural Effusion", uncertain="positive", blank="negative")
    assert found["patient_id"].tolist() == ["p10000032"] * 3 + ["p10000764"]
    assert found["exam_id"].tolist() == ["s50414267", "s50414267", "s53189527", "s57375967"]
    assert found["view"].tolist() == ["frontal", "lateral", "lateral", "frontal"]
    assert found["label"].tolist() == [1, 1, 0, 1]
    assert found["tag_projection"].tolist() == ["PA", "LATERAL", "LL", "AP"]
    assert [(place.rpartition(", ")[2], reason) for place, reason in unusable] == [
        ("row 6", "its view is unknown"),
        ("row 7", "its study has no label"),
    ]


def test_mimic_labels_left_out_are_counted(boston):
    _, unusable = tables("mimic_cxr", boston, **EFFUSION)
    assert [reason for _, reason in unusable] == [
        "its label is blank", "its label is uncertain", "its view is unknown", "its study has no label",
    ]  # fmt: skip


def test_mimic_takes_one_split_and_either_labeller(boston):
    found, unusable = tables("mimic_cxr", boston, split="test", labeller="negbio", **EFFUSION)
    assert found[["exam_id", "label"]].to_numpy().tolist() == [["s57375967", 1]]
    assert len(unusable) == 1


def test_mimic_reads_the_images_of_its_tree(boston):
    opened = dataset("mimic_cxr", boston, **EFFUSION)
    row = opened.exams().to_dict("records")[0]
    assert abs(opened.read(row).astype(int) - GREY).max() <= 12  # JPEG


def test_mimic_broken_tables_are_told_by_row_and_without_ids(tmp_path):
    write_boston(tmp_path, "")
    write(tmp_path / "mimic-cxr-2.0.0-metadata.csv", METADATA.replace("\n174413ec-2,10000032,", "\n02aa804e-1,,"))
    assert problems("mimic_cxr", tmp_path, **EFFUSION) == ["mimic-cxr-2.0.0-metadata.csv, row 3: subject_id is empty"]
    write_boston(tmp_path, "")
    write(tmp_path / "mimic-cxr-2.0.0-chexpert.csv", FINDINGS + "10000764,57375967,,,,,,,,,,maybe,,,,\n")
    assert problems("mimic_cxr", tmp_path, **EFFUSION) == [
        "mimic-cxr-2.0.0-chexpert.csv, row 5: the study stands in an earlier row already",
        "mimic-cxr-2.0.0-chexpert.csv, row 5: Pleural Effusion is not 1, 0, -1 or blank",
    ]


def test_mimic_a_download_that_broke_off_is_told(tmp_path):
    write_boston(tmp_path, ".gz")
    file = tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert "mimic-cxr-2.0.0-metadata.csv.gz: cannot be read" in problems("mimic_cxr", tmp_path, **EFFUSION)[0]
    file.write_bytes(whole[:20] + b"\xff" * 20 + whole[40:])
    assert "mimic-cxr-2.0.0-metadata.csv.gz: cannot be read" in problems("mimic_cxr", tmp_path, **EFFUSION)[0]
