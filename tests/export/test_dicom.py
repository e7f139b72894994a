"""The phantom written as DICOM and read back through the DICOM path."""

import itertools
import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from ovcf_plugins.datasets.dicom import DicomParams, open_dicom
from ovcf_plugins.datasets.dicom.params import LabelTable
from ovcf_plugins.datasets.phantom import PhantomParams
from ovcf_plugins.datasets.phantom.dataset import PhantomDataset

from ovcf_bench.cohort import check_exams, separate
from ovcf_bench.errors import DataError
from ovcf_bench.export import ExportedCohort, export_cohorts
from ovcf_bench.export.dicom import Dicom

CODECS = ("none", "jpeg2000", "rle", "jpeg-ls")
FORMS = [
    Dicom(codec, bits, photometric, window, synthetic=True)
    for codec, bits, photometric, window in itertools.product(
        CODECS, (12, 16), ("MONOCHROME1", "MONOCHROME2"), (False, True)
    )
]
LABELS = LabelTable(path="A/manifest.csv", key="path", tag="path", view="view", site="site")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("OVCF_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


def exported(folder, form, patients=3):
    phantom = PhantomDataset(PhantomParams(patients=patients, height=64))
    rows = phantom.exams()
    cohort = ExportedCohort(rows.drop(columns="source"), lambda number: phantom.read(rows.iloc[number]))
    export_cohorts({"A": cohort}, "patient_id\n", "schema: 1\n", folder, "one", form, lambda: None, 2)
    return phantom, rows


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.words)
def test_the_phantom_comes_back_within_one_grey_level_of_eight_bits(tmp_path, form):
    phantom, rows = exported(tmp_path, form)
    dataset = open_dicom(DicomParams(root="A", labels=LABELS), tmp_path)
    found, unusable = separate(dataset.exams(), "A")
    assert not unusable
    again = check_exams(found, "A").sort_values("source").reset_index(drop=True)
    order = rows.assign(name=[f"images/{each}.dcm" for each in rows["image_id"]]).sort_values("name")
    for column in ("patient_id", "view", "label", "site", "age", "sex"):
        assert again[column].tolist() == order[column].tolist(), column
    for row, source in zip(again.to_dict("records"), order.to_dict("records"), strict=True):
        pixels = dataset.read(row)
        distance = np.abs(pixels - phantom.read(source) / 65535).max()
        assert distance <= 1 / 255
        assert distance <= (0.5001 / 4095 if form.bits == 12 else 1e-6)  # rounding to 12 bits, and nothing else


def test_a_file_holds_no_date_no_private_tag_and_no_name(tmp_path):
    exported(tmp_path, FORMS[0])
    for path in (tmp_path / "A" / "images").iterdir():
        found = pydicom.dcmread(path)
        assert found.PatientIdentityRemoved == "YES"
        assert found.DeidentificationMethodCodeSequence[0].CodeValue == "113100"  # PS3.16, CID 7050
        assert not any(each.tag.is_private for each in found.iterall())
        dated = [each for each in found.iterall() if each.VR in ("DA", "TM", "DT", "PN") and each.value]
        assert not dated
        assert found.BurnedInAnnotation == "NO"


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy (apt-get install dicom3tools)")
@pytest.mark.parametrize("view", ["ap", "lateral", "oblique"])
def test_files_have_everything_that_the_standard_asks_of_them(tmp_path, view):
    row = {"patient_id": "p-1", "exam_id": "e-1", "image_id": "i-1", "view": view}
    for form in FORMS:
        (tmp_path / "a.dcm").write_bytes(form.encode(np.arange(64 * 40, dtype=np.uint16).reshape(64, 40), row))
        said = subprocess.run(["dciodvfy", tmp_path / "a.dcm"], capture_output=True, text=True, check=False)
        lines = (said.stdout + said.stderr).splitlines()
        assert "CRImage" in lines
        assert [line for line in lines if line.startswith("Error")] == []


def test_uids_are_new_stable_and_shared_by_the_views_of_an_exam(tmp_path):
    exported(tmp_path / "one", FORMS[0])
    exported(tmp_path / "two", FORMS[0])
    first, second = (
        [pydicom.dcmread(path) for path in sorted((tmp_path / name / "A" / "images").iterdir())]
        for name in ("one", "two")
    )
    assert [each.SOPInstanceUID for each in first] == [each.SOPInstanceUID for each in second]
    assert len({each.SOPInstanceUID for each in first}) == 6
    assert len({each.StudyInstanceUID for each in first}) == 3
    assert len({each.SeriesInstanceUID for each in first}) == 6


def test_a_cohort_that_is_not_computed_does_not_claim_to_be_free_of_burned_in_text(tmp_path):
    exported(tmp_path, Dicom(synthetic=False), patients=2)
    path = next((tmp_path / "A" / "images").iterdir())
    assert pydicom.dcmread(path).BurnedInAnnotation == "YES"


def test_a_codec_that_cannot_be_written_says_so(tmp_path):
    row = {"patient_id": "p", "exam_id": "e", "image_id": "i", "view": "ap"}
    with pytest.raises(DataError, match=r"--codec: jpeg2000 cannot be written"):
        Dicom("jpeg2000").encode(np.zeros((8, 8), np.uint16), row)  # too small for five resolutions


def test_an_export_that_was_stopped_goes_on(tmp_path):
    exported(tmp_path, FORMS[0])
    images = sorted((tmp_path / "A" / "images").iterdir())
    stamps = {path: path.stat().st_mtime_ns for path in images[1:]}
    images[0].unlink()
    exported(tmp_path, FORMS[0])
    assert images[0].exists()
    assert {path: path.stat().st_mtime_ns for path in images[1:]} == stamps
