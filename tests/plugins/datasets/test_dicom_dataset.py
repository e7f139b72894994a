"""The DICOM folder as a dataset: labels, views, bad files, and the remembered headers."""

import json
import time

import numpy as np
import pandas as pd
import pydicom
import pytest
from dicom_files import GRADIENT, radiograph, save
from ovcf_plugins.datasets.dicom import DicomParams, open_dicom
from ovcf_plugins.datasets.dicom import index as header_index
from ovcf_plugins.datasets.dicom.params import LabelTable
from pydantic import ValidationError
from pydicom.uid import JPEG2000Lossless, generate_uid

from ovcf_bench.api import EXAM_COLUMNS, DataError
from ovcf_bench.cohort import check_exams, separate


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("OVCF_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def folder(tmp_path):
    """Two patients, each with an AP and a lateral image of one study, below two folders, and a table of labels."""
    rng = np.random.default_rng(1)
    for number, patient in enumerate(("P1", "P2")):
        study = generate_uid()
        for view, position in (("ap", "AP"), ("lat", "LL")):
            pixels = rng.integers(0, 4096, (40, 24), dtype=np.uint16)
            made = radiograph(pixels, 12, PatientID=patient, StudyInstanceUID=study, ViewPosition=position,
                              PatientAge=f"06{number}Y", PatientSex="F", Manufacturer="Maker")  # fmt: skip
            save(tmp_path / "files" / f"exam{number}" / f"{view}.dcm", made)
    (tmp_path / "labels.csv").write_text("patient_id,label,bmd\nP1,1,0.8\nP2,0,1.1\n")
    return tmp_path


def opened(folder, **params):
    labels = LabelTable(**({"path": "labels.csv"} | params.pop("labels", {})))
    return open_dicom(DicomParams(**({"root": "files", "labels": labels} | params)), folder)


def listed(folder, **params):
    return separate(opened(folder, **params).exams(), "dicom")


def reasons(folder, **params):
    return [(each.place, each.reason) for each in listed(folder, **params)[1]]


def test_headers_and_labels_make_the_exam_table(folder):
    exams, unusable = listed(folder)
    assert not unusable
    assert list(exams.columns[: len(EXAM_COLUMNS)]) == list(EXAM_COLUMNS)
    assert exams["patient_id"].tolist() == ["P1", "P1", "P2", "P2"]
    assert exams["view"].tolist() == ["ap", "lateral", "ap", "lateral"]
    assert exams["label"].tolist() == [1, 1, 0, 0]
    assert exams["bmd"].tolist() == [0.8, 0.8, 1.1, 1.1]
    assert exams["age"].tolist() == [60, 60, 61, 61]
    assert exams["tag_manufacturer"].unique().tolist() == ["Maker"]
    assert exams["exam_id"].nunique() == 2
    assert len(check_exams(exams, "dicom")) == 4


def test_pixels_are_read_by_row(folder):
    dataset = opened(folder)
    rows = dataset.exams().to_dict("records")
    stored = pydicom.dcmread(folder / "files" / "exam0" / "lat.dcm").pixel_array
    np.testing.assert_allclose(dataset.read(rows[1]), stored / 4095, atol=1e-6)
    (folder / "files" / "exam0" / "lat.dcm").unlink()
    with pytest.raises(DataError, match=r"^file 2: the image file is not there"):
        dataset.read(rows[1])


@pytest.mark.parametrize(("tag", "name"), [("AccessionNumber", "A-7"), ("path", "exam0/ap.dcm")])
def test_labels_may_be_joined_by_another_tag_or_by_path(folder, tag, name):
    path = folder / "files" / "exam0" / "ap.dcm"
    made = pydicom.dcmread(path)
    made.AccessionNumber = "A-7"
    made.save_as(path)
    (folder / "labels.csv").write_text(f"which,y\n{name},Fraktur\n")
    labels = {"key": "which", "tag": tag, "label": "y", "positive": ("Fraktur",), "negative": ("keine",)}
    exams, unusable = listed(folder, labels=labels)
    assert exams["label"].tolist() == [1]
    assert {each.reason for each in unusable} == {"the table of labels does not name it"}
    assert len(listed(folder, labels=labels, unlabelled="ignore")[1]) == 0


def test_an_image_whose_view_is_unknown_is_listed_with_its_evidence(folder):
    path = folder / "files" / "exam1" / "ap.dcm"
    made = pydicom.dcmread(path)
    made.SeriesDescription = "Lateral"
    made.save_as(path)
    table = opened(folder).exams()
    assert reasons(folder) == [("file 3", "its view is unknown, or its sources disagree")]
    assert table["evidence"][2] == "ViewPosition: ap, SeriesDescription: lateral"


def test_the_table_may_be_believed_against_the_headers(folder):
    with pytest.raises(ValidationError, match=r"needs labels\.view"):
        DicomParams(root="files", labels=LabelTable(path="labels.csv"), view_source="table")
    rows = [f"exam{n}/{view}.dcm,{1 - n},{name}" for n in (0, 1) for view, name in (("ap", "pa"), ("lat", "oblique"))]
    (folder / "labels.csv").write_text("\n".join(["file,label,proj", *rows]) + "\n")
    exams, _ = listed(folder, labels={"key": "file", "tag": "path", "view": "proj"}, view_source="table")
    assert exams["view"].tolist() == ["pa", "oblique", "pa", "oblique"]


def test_presentation_and_processing_are_not_mixed_unless_told(folder):
    path = folder / "files" / "exam1" / "ap.dcm"
    made = pydicom.dcmread(path)
    made.PresentationIntentType = "FOR PROCESSING"
    made.save_as(path)
    with pytest.raises(DataError, match="3 images are For Presentation and 1 For Processing"):
        listed(folder)
    assert reasons(folder, intent="presentation") == [("file 3", "it is For Processing")]


def test_a_mistake_in_the_table_is_located_and_names_nobody(folder):
    (folder / "labels.csv").write_text("patient_id,label\nP1,1\nP1,0\n,1\nsecret,7\n")
    with pytest.raises(DataError) as error:
        listed(folder)
    assert [str(each).splitlines()[0] for each in error.value.problems] == [
        "labels.csv, row 4: the key is empty",
        "labels.csv, row 3: the key stands in an earlier row already",
        "labels.csv, row 5: unknown label",
    ]
    assert "secret" not in str(error.value)
    (folder / "labels.csv").write_text("patient,label\nP1,1\n")
    with pytest.raises(DataError, match="the column 'patient_id' is missing"):
        listed(folder)


@pytest.mark.parametrize("text", ["patient_id,label\nP1,1,x\n", "patient_id,label\nP1,1\nP2,0,x\n"])
def test_a_table_with_rows_that_are_too_long_is_refused(folder, text):
    (folder / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=r"labels\.csv: cannot be read"):
        listed(folder)


def test_blank_lines_keep_the_numbers_of_rows(folder):
    (folder / "labels.csv").write_text("patient_id,label\n\nP1,maybe\n")
    with pytest.raises(DataError, match=r"labels\.csv, row 3: unknown label"):
        listed(folder)


def test_odd_headers_are_remarked_and_used(folder):
    path = folder / "files" / "exam0" / "ap.dcm"
    made = pydicom.dcmread(path)
    made.PresentationLUTShape = "INVERSE"
    made.save_as(path)
    exams, _ = listed(folder)
    assert exams["remark"][0] == "MONOCHROME2 with the presentation shape INVERSE: taken as dark bone"


def test_links_are_followed_once_and_broken_ones_are_listed(folder):
    files = folder / "files"
    (files / "exam0" / "back").symlink_to(files, target_is_directory=True)
    (files / "exam1" / "gone.dcm").symlink_to(folder / "nowhere.dcm")
    exams, unusable = listed(folder)
    assert len(exams) == 4
    assert [each.reason for each in unusable] == ["the file cannot be read"]


def test_a_second_copy_of_an_image_is_listed_once(folder):
    whole = (folder / "files" / "exam0" / "ap.dcm").read_bytes()
    (folder / "files" / "exam0" / "copy.dcm").write_bytes(whole)
    assert reasons(folder) == [("file 2", "the same image (SOP Instance UID) is in another file already")]


def test_a_frame_is_asked_only_of_files_that_hold_several(folder):
    dataset = opened(folder, frame=2)
    row = dataset.exams().to_dict("records")[0]
    assert dataset.read(row).shape == (40, 24)


def spoil(folder):
    """Six files that cannot be used, beside fifty good ones."""
    files = folder / "files"
    for number in range(50):
        made = radiograph(GRADIENT + np.uint16(number), PatientID=f"Q{number}", PatientAge="070Y")
        save(files / "good" / f"{number:02d}.dcm", made)
    noise = np.random.default_rng(2).integers(0, 65536, GRADIENT.shape, dtype=np.uint16)
    cut = save(files / "bad" / "1-cut.dcm", radiograph(noise, syntax=JPEG2000Lossless))
    cut.write_bytes(cut.read_bytes()[:-500])
    (files / "bad" / "2-empty.dcm").write_bytes(b"")
    (files / "bad" / "3-text.dcm").write_text("no image")
    rgb = radiograph(np.zeros((30, 20), np.uint8), 8)
    rgb.SamplesPerPixel, rgb.PhotometricInterpretation, rgb.PlanarConfiguration = 3, "RGB", 0
    rgb.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    rgb.PixelData = bytes(30 * 20 * 3)
    save(files / "bad" / "4-colour.dcm", rgb)
    frames = radiograph(GRADIENT)
    frames.NumberOfFrames, frames.PixelData = 3, GRADIENT.tobytes() * 3
    save(files / "bad" / "5-frames.dcm", frames)
    bomb = radiograph(GRADIENT)
    bomb.Rows = bomb.Columns = 60000
    save(files / "bad" / "6-bomb.dcm", bomb)
    (files / "notes.txt").write_text("beside the images")
    rows = [f"Q{number},{number % 2}" for number in range(50)]
    (folder / "labels.csv").write_text("\n".join(["patient_id,label", *rows]) + "\n")


@pytest.fixture
def spoilt(tmp_path):
    spoil(tmp_path)
    return tmp_path


def test_six_kinds_of_bad_files_are_told_apart_from_their_headers(spoilt):
    exams, unusable = listed(spoilt)
    assert len(exams) == 50
    assert [(each.place, each.reason) for each in unusable] == [
        ("file 1", "the image is cut short"),
        ("file 2", "the file is empty"),
        ("file 3", "the file is no DICOM, or its header is broken"),
        ("file 4", "the image is not grey (RGB)"),
        ("file 5", "the file holds 3 frames"),
        ("file 6", "the image claims 60000 x 60000 pixels, more than a radiograph can have"),
    ]


STUDY = """\
schema: 1
title: t
cohorts:
  all: {dataset: dicom, params: {root: files, labels: {path: labels.csv}}}
splits: {development: {from: all, positives: 12, negatives: 12}, internal: {from: all}, folds: 2}
models: {tiny: {model: timm, params: {architecture: test_resnet}}}
arms: {views: [ap]}
training: {image_size: [48, 32]}
checks: {near_duplicates: "off"}
"""


def checked(folder, text):
    from click.testing import CliRunner

    from ovcf_bench.cli.main import ovcf_bench_command

    (folder / "study.yaml").write_text(text)
    arguments = ["check", str(folder / "study.yaml"), "--json", "--cache", str(folder / "cache"), "--workers", "1"]
    found = CliRunner().invoke(ovcf_bench_command, arguments, catch_exceptions=False, standalone_mode=False)
    return json.loads(found.stdout)


def test_check_lists_all_bad_files_at_once_or_counts_them_out(spoilt):
    told = checked(spoilt, STUDY)
    assert [each["where"] for each in told["problems"]] == [f"file {number}" for number in range(1, 7)]
    told = checked(spoilt, STUDY + "on_bad_image: exclude\n")
    assert told["problems"] == []
    assert told["unusable"] == {"all": 6}
    assert told["splits"] == {"development": 24, "internal": 26}


def test_a_file_that_only_decoding_finds_broken_is_excluded_too(spoilt):
    path = spoilt / "files" / "good" / "07.dcm"
    made = radiograph(GRADIENT, PatientID="Q7", syntax=JPEG2000Lossless)
    path = save(path, made)
    content = bytearray(path.read_bytes())
    at = content.index(b"\xff\x4f\xff\x51")  # the start of the code stream
    content[at + 4 : at + 60] = bytes(56)
    path.write_bytes(bytes(content))
    told = checked(spoilt, STUDY + "on_bad_image: exclude\n")
    assert told["problems"] == []
    assert told["unusable"] == {"all": 7}
    assert sum(told["splits"].values()) == 49


def test_a_second_start_reads_no_header_again_and_a_changed_file_only_its_own(folder, monkeypatch):
    first, _ = listed(folder)
    read = []
    whole = header_index.read_facts
    monkeypatch.setattr(header_index, "read_facts", lambda path: read.append(path.name) or whole(path))
    again, _ = listed(folder)
    pd.testing.assert_frame_equal(again, first)
    assert read == []
    save(folder / "files" / "exam1" / "ap.dcm", radiograph(GRADIENT, PatientID="P2"))
    listed(folder)
    assert read == ["ap.dcm"]


def test_the_remembered_headers_are_encrypted_and_a_cut_line_is_read_anew(folder, tmp_path_factory):
    import os
    from pathlib import Path

    listed(folder)
    (remembered,) = Path(os.environ["OVCF_BENCH_CACHE"]).rglob("*.fernet")
    content = remembered.read_bytes()
    for planted in (b"Planted", b"20210304", b"exam0/ap.dcm", b"1.2.826", b"FOR PRESENTATION", b"PatientID"):
        assert planted not in content
    assert remembered.stat().st_mode & 0o077 == 0
    remembered.write_bytes(content[: len(content) // 2])
    exams, _ = listed(folder)
    assert len(exams) == 4
    assert len(remembered.read_bytes().splitlines()) == 2


@pytest.mark.slow
def test_a_second_start_on_many_files_takes_seconds(tmp_path):
    n = 20_000  # a fifth of what the limit is meant for, to keep the test short
    content = save(tmp_path / "one.dcm", radiograph(GRADIENT[:8, :8])).read_bytes()
    files = tmp_path / "files"
    files.mkdir()
    for number in range(n):
        (files / f"{number:06d}.dcm").write_bytes(content)
    (tmp_path / "one.dcm").unlink()
    (tmp_path / "labels.csv").write_text("patient_id,label\nP1,1\n")
    seen = []
    first = opened(tmp_path).exams(lambda what, done, total: seen.append((what, done, total)))
    assert seen[-1] == ("Reading headers", n, n)
    begun = time.process_time()
    again = opened(tmp_path).exams()
    assert time.process_time() - begun < 6
    assert len(again) == len(first) == n
