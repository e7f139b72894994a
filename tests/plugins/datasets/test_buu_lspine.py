"""BUU-LSPINE: pairs of views by the number of the patient, labels from codes of the endplates."""

import numpy as np
import pytest
from public_sets import GREY, dataset, endplates, picture, problems, tables, write, write_buu

from ovcf_bench.api import DataError


@pytest.fixture
def buu(tmp_path):
    return write_buu(tmp_path)


def test_buu_pairs_views_by_the_number_of_the_patient(buu):
    found, unusable = tables("buu_lspine", buu)
    assert not unusable
    assert found["patient_id"].tolist() == ["0001", "0003", "0001", "0003"]
    assert found["view"].tolist() == ["ap", "ap", "lateral", "lateral"]
    assert found["label"].tolist() == [1, 0, 1, 0]
    assert found["age"].tolist() == [37, 13, 37, 13]
    assert found["sex"].tolist() == ["F", "M", "F", "M"]


def test_buu_codes_may_be_chosen(buu):
    found, _ = tables("buu_lspine", buu, positive=(1, 2))
    assert set(found["label"]) == {0}


def test_buu_names_that_do_not_fit_and_missing_annotations_are_unusable(buu):
    picture(buu / "AP/0004-F-040Y1.jpg")  # the digit of a lateral view
    picture(buu / "LA/copy of 0001.jpg")
    (buu / "LA/0003-M-013Y1.csv").unlink()
    found, unusable = tables("buu_lspine", buu)
    assert len(found) == 3
    assert unusable == [
        ("file 3", "its name does not fit 0001-F-037Y0.jpg (AP) or 0001-F-037Y1.jpg (LA)"),
        ("file 5", "it has no annotation file"),
        ("file 6", "its name does not fit 0001-F-037Y0.jpg (AP) or 0001-F-037Y1.jpg (LA)"),
    ]


def test_buu_broken_annotations_are_told_without_the_patient(buu):
    write(buu / "AP/0001-F-037Y0.csv", endplates(0, 7) + "1,2,3,4\n")
    (buu / "LA/0001-F-037Y1.csv").write_bytes(b"\xff\xfe")
    assert problems("buu_lspine", buu) == [
        "annotations of file 1, row 2: is not x1, y1, x2, y2 and a code from 0 to 4",
        "annotations of file 1, row 3: is not x1, y1, x2, y2 and a code from 0 to 4",
        "annotations of file 3: cannot be read",
    ]


def test_buu_reads_grey_and_coloured_pictures(buu):
    opened = dataset("buu_lspine", buu)
    row = opened.exams().to_dict("records")[0]
    assert abs(opened.read(row).astype(int) - GREY).max() <= 12  # JPEG
    picture(buu / "AP/0001-F-037Y0.jpg", np.full((8, 6, 3), (200, 90, 30), np.uint8))
    with pytest.raises(DataError, match="file 1: the image has colours"):
        opened.read(row)
    assert dataset("buu_lspine", buu, grey="luminance").read(row).shape == GREY.shape
