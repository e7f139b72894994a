"""The table of a manifest: columns, words, rows that cannot be used, and what a message may say."""

import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from manifests import GREY_8, GREY_16, HEADER, listed, only_pixels, opened, problems, save
from ovcf_plugins.datasets import manifest
from ovcf_plugins.datasets.manifest import ManifestParams, open_manifest
from pydantic import ValidationError

from ovcf_bench.api import EXAM_COLUMNS, DataError
from ovcf_bench.cohort import check_exams, separate
from ovcf_bench.hooks import registry


@pytest.fixture
def folder(tmp_path):
    """Four images of two patients and their manifest."""
    for name in ("a1", "a2", "b1", "b2"):
        save(tmp_path / "images" / f"{name}.png")
    rows = ["anna,ap,1,images/a1.png,61", "anna,lateral,1,images/a2.png,61"]
    rows += ["berta,ap,0,images/b1.png,", "berta,lateral,0,images/b2.png,70.5"]
    listed(tmp_path, *rows, header=f"{HEADER},age")
    return tmp_path


def test_the_plugin_registers_itself_with_a_data_card():
    manager = registry.new_manager()
    manager.register(manifest, name="manifest")
    found = registry.collect(manager, {})
    assert not found.problems
    assert "Meaning of the label" in found.datasets["manifest"].plugin.card


def test_importing_the_plugin_loads_no_pandas():
    code = "import sys, ovcf_plugins.datasets.manifest; sys.exit(bool({'numpy', 'pandas', 'PIL'} & {*sys.modules}))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_row_per_image_in_the_order_of_the_file(folder):
    exams, _ = separate(opened(folder).exams(), "manifest")
    assert list(exams.columns) == [*EXAM_COLUMNS, "age", "tag_format"]
    assert exams["patient_id"].tolist() == ["anna", "anna", "berta", "berta"]
    assert exams["exam_id"].tolist() == ["anna-1", "anna-1", "berta-1", "berta-1"]
    assert exams["image_id"].tolist() == ["anna-1-ap-1", "anna-1-lateral-1", "berta-1-ap-1", "berta-1-lateral-1"]
    assert exams["label"].tolist() == [1, 1, 0, 0]
    assert exams["site"].unique().tolist() == ["site"]
    assert exams["age"].tolist()[::3] == [61, 70.5]
    assert np.isnan(exams["age"][2])
    pd.testing.assert_frame_equal(check_exams(exams, "manifest")[["age"]], exams[["age"]])


def test_columns_words_and_site_may_be_those_of_the_file(folder):
    rows = ["7,LAT,Fraktur,images/a1.png,7a,1.2.3,Nord", "8,AP,None,images/a2.png,8a,1.2.4,Nord"]
    listed(folder, *rows, header="Fall,Projektion,Befund,Datei,Studie,Bild,Haus")
    columns = {"patient_id": "Fall", "view": "Projektion", "label": "Befund", "path": "Datei", "exam_id": "Studie"}
    exams = opened(
        folder,
        columns={**columns, "image_id": "Bild", "site": "Haus"},
        positive=("Fraktur",),
        negative=("None",),
        views={"LAT": "lateral", "AP": "ap"},
    ).exams()
    assert exams[[name for name in EXAM_COLUMNS if name != "source"]].to_numpy().tolist() == [
        ["7", "7a", "1.2.3", "lateral", 1, "Nord"],
        ["8", "8a", "1.2.4", "ap", 0, "Nord"],
    ]


def test_optional_columns_are_used_when_they_are_there(folder):
    listed(folder, "anna,ap,1,images/a1.png,e7,B", header=f"{HEADER},exam_id,site")
    (row,) = opened(folder, site="A").exams().to_dict("records")
    assert (row["exam_id"], row["image_id"], row["site"]) == ("e7", "e7-ap-1", "B")


def test_leading_zeros_of_identifiers_stay_and_a_label_may_be_written_as_a_decimal(folder):
    listed(folder, "007,ap,1.0,images/a1.png", " 008 ,ap, 0,images/a2.png")
    exams = opened(folder).exams()
    assert exams["patient_id"].tolist() == ["007", "008"]
    assert exams["label"].tolist() == [1, 0]


def test_a_file_from_a_spreadsheet_with_byte_order_mark_and_blank_lines_is_read(folder):
    text = f"\ufeff{HEADER}\r\nanna,ap,1,images/a1.png\r\n\r\n,,,\r\nberta,ap,2,images/b1.png\r\n\r\n"
    (folder / "manifest.csv").write_bytes(text.encode("utf-8"))
    (problem,) = problems(folder)
    assert problem.startswith("manifest.csv, row 5: unknown label")


def test_ten_bad_rows_give_ten_problems_by_row_and_no_identifier(folder):
    whole = save(folder / "whole.png", np.random.default_rng(1).integers(0, 65536, (30, 30), np.uint16)).read_bytes()
    (folder / "cut.png").write_bytes(whole[:-100])
    (folder / "text.png").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    rows = [
        "secret1,ap,1,images/a1.png",
        "secret2,ap,1,images/secret.png",  # 3: not there
        "secret3,ap,7,images/a2.png",  # 4: label
        "secret4,ap,,images/b1.png",  # 5: no label
        ",ap,1,images/b2.png",  # 6: no patient
        "secret1,lateral,0,whole.png",  # 7: two labels
        "secret5,ap,1,images/a1.png",  # 8: the same path
        "secret6,,1,./images/a1.png",  # 9: no view
        "secret7,ap,1,text.png",  # 10: no image
        "secret8,ap,1,notes.txt",  # 11: suffix
        "secret9,ap,1,cut.png",  # 12: cut short
    ]
    listed(folder, *rows)
    found = problems(folder)
    assert [each.splitlines()[0] for each in found] == [
        "manifest.csv, row 3: the image file is not there",
        "manifest.csv, row 4: unknown label",
        "manifest.csv, row 5: label is empty",
        "manifest.csv, row 6: patient_id is empty",
        "manifest.csv, row 7: the label differs from the patient's first one",
        "manifest.csv, row 8: the path stands in an earlier row already",
        "manifest.csv, row 9: view is empty",
        "manifest.csv, row 10: the file is no PNG, JPEG or TIFF, or its header is broken",
        "manifest.csv, row 11: unknown kind of file",
        "manifest.csv, row 12: the image is cut short or broken",
    ]
    assert "secret" not in "".join(found)
    assert "Allowed: '0', '1'." in found[1]


def test_the_same_mistake_in_many_rows_does_not_fill_the_screen(folder):
    listed(folder, *(f"p{row},ap,1,gone/{row}.png" for row in range(50)))
    found = problems(folder)
    assert len(found) == 21
    assert "30 more images" in found[-1]


def test_a_missing_column_is_named_with_the_closest_one(folder):
    listed(folder, "anna,ap,1,images/a1.png", header="patient,view,lable,path")
    found = "\n".join(problems(folder, columns={"site": "hospital"}))
    assert "manifest.csv, row 1: the column 'label' is missing" in found
    assert "Did you mean 'lable'? Name it in params.columns: label." in found
    assert "the column 'patient_id' is missing" in found
    assert "the column 'hospital' is missing" in found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"{HEADER},age,age", "the column 'age' stands twice"),
        (f"{HEADER},source,age", "the column 'source' would be taken for ours"),
        (HEADER.replace(",", ";"), "columns are not separated by commas"),
        ("", "the column 'path' is missing"),
    ],
)
def test_a_header_that_cannot_be_meant_is_an_error(folder, header, found):
    listed(folder, "anna,ap,1,images/a1.png,1,2", header=header)
    assert found in "\n".join(problems(folder))


def test_rows_that_are_too_long_are_named(folder):
    listed(folder, "anna,ap,1,images/a1.png", "berta,ap,1,images/b1.png,x", "c,ap,1,images/b2.png,,")
    assert [each.splitlines()[0] for each in problems(folder)] == [
        "manifest.csv, row 3: has 5 cells",
        "manifest.csv, row 4: has 6 cells",
    ]


def test_a_file_that_is_missing_empty_or_of_another_encoding_says_so(folder):
    assert "the file is not there" in problems(folder, path="other.csv")[0]
    listed(folder)
    assert problems(folder) == ["manifest.csv: lists no images"]
    (folder / "manifest.csv").write_bytes(f"{HEADER}\nJürgen,ap,1,images/a1.png\n".encode("latin-1"))
    assert "not UTF-8" in problems(folder)[0]


def test_an_unknown_view_is_a_mistake_only_when_views_are_declared(folder):
    assert set(opened(folder).exams()["view"]) == {"ap", "lateral"}
    found = problems(folder, views={"ap": "ap", "lat": "side"})
    assert [each.splitlines()[0] for each in found] == [f"manifest.csv, row {row}: unknown view" for row in (3, 5)]


def test_exams_of_one_patient_may_differ_when_the_label_is_the_exams(folder):
    header = f"{HEADER},exam_id"
    listed(folder, "anna,ap,0,images/a1.png,2020", "anna,ap,1,images/a2.png,2023", header=header)
    assert "row 3: the label differs from the patient's first one" in problems(folder)[0]
    assert opened(folder, label_level="exam").exams()["label"].tolist() == [0, 1]
    listed(folder, "anna,ap,0,images/a1.png,2020", "anna,lateral,1,images/a2.png,2020", header=header)
    assert "row 3: the label differs from the exam's first one" in problems(folder, label_level="exam")[0]


def test_a_word_cannot_mean_both_labels():
    with pytest.raises(ValidationError, match="1 stands in positive and in negative"):
        ManifestParams(path="manifest.csv", positive=(1,), negative=(0, "1"))


def test_parameters_are_accepted_as_a_study_file_writes_them():
    text = '{"path": "m.csv", "positive": [1, "yes"], "negative": [0], "columns": {"label": "y"}, "views": {"A": "ap"}}'
    assert ManifestParams.model_validate_json(text).positive == (1, "yes")


def test_variables_of_the_environment_are_replaced_or_named(folder, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HOSPITAL_DATA", str(folder))
    elsewhere = tmp_path_factory.mktemp("study")
    params = ManifestParams(path="${HOSPITAL_DATA}/manifest.csv")
    assert len(open_manifest(params, elsewhere).exams()) == 4
    with pytest.raises(DataError, match="HOSPITAL_DATA_2 is not set"):
        open_manifest(ManifestParams(path="m.csv", root="${HOSPITAL_DATA_2}/x"), elsewhere)


def test_paths_may_be_absolute(folder):
    listed(folder, f"anna,ap,1,{(folder / 'images' / 'a1.png').as_posix()}")
    np.testing.assert_array_equal(only_pixels(folder), GREY_8)
    save(folder / "here.png")
    listed(folder, "anna,ap,1,/here.png")
    assert "the image file is not there" in problems(folder)[0]


def test_images_may_lie_below_another_root(folder):
    (folder / "manifest.csv").rename(folder / "images" / "manifest.csv")
    assert len(opened(folder, path="images/manifest.csv", root=".").exams()) == 4


def test_a_file_that_goes_away_later_is_an_error_of_its_row(folder):
    dataset = opened(folder)
    row = dataset.exams().to_dict("records")[2]
    (folder / "images" / "b1.png").unlink()
    for ask in (dataset.read, dataset.fingerprint):
        with pytest.raises(DataError, match=r"manifest\.csv, row 4: the image file is not there"):
            ask(row)


def test_the_fingerprint_follows_the_file_and_how_it_is_read(folder):
    row, other = opened(folder).exams().to_dict("records")[:2]
    path = folder / "images" / "a1.png"
    found = {opened(folder, **params).fingerprint(row) for params in ({}, {"inverted": True}, {"grey": "luminance"})}
    found.add(opened(folder).fingerprint(other))
    os.utime(path, ns=(1, 1))
    found.add(opened(folder).fingerprint(row))
    save(path, GREY_16)
    os.utime(path, ns=(1, 1))
    found.add(opened(folder).fingerprint(row))
    assert len(found) == 6


@pytest.mark.slow
def test_a_million_rows_take_seconds(tmp_path):
    n = 1_000_000
    (tmp_path / "images").mkdir()
    patients = np.arange(n) // 2
    table = pd.DataFrame(
        {
            "patient_id": np.char.add("p", patients.astype(str)),
            "view": np.tile(["ap", "lateral"], n // 2),
            "label": patients % 2,
            "path": np.char.add(np.char.add("images/", np.arange(n).astype(str)), ".png"),
            "age": 60.5,
        }
    )
    table.to_csv(tmp_path / "manifest.csv", index=False)
    params = ManifestParams(path="manifest.csv", verify="existence")
    begun = time.process_time()
    listed, unusable = separate(open_manifest(params, tmp_path).exams(), "manifest")
    assert time.process_time() - begun < 20
    assert listed.empty
    assert len(unusable) == n  # no file is there: the worst case
