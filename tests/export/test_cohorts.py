import numpy as np
import pandas as pd
import pytest
from ovcf_plugins.datasets.manifest import ManifestParams, open_manifest
from ovcf_plugins.datasets.phantom import PhantomParams
from ovcf_plugins.datasets.phantom.dataset import PhantomDataset
from PIL import Image

from ovcf_bench.errors import BenchError, DataError, Problem
from ovcf_bench.export import ExportedCohort, Png, export_cohorts

PNG = Png()
NOISE = np.random.default_rng(1).integers(0, 65536, (3, 20, 12), dtype=np.uint16)


def table(ids=("i-1", "i-2", "i-3")):
    n = len(ids)
    fixed = {"patient_id": ["p-1"] * n, "exam_id": ["e-1"] * n, "image_id": list(ids), "view": ["ap"] * n}
    return pd.DataFrame({**fixed, "label": [1] * n, "site": ["A"] * n, "age": [61.5, None, 70.25][:n]})


def exported(folder, cohorts, identity="one", study="schema: 1\n", form=PNG):
    seen = []
    export_cohorts(cohorts, "patient_id,split\n", study, folder, identity, form, lambda: seen.append(1), 2)
    return len(seen)


def noise(read=NOISE.__getitem__, **changes):
    return {"hospital": ExportedCohort(table(**changes), read)}


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_phantom_read_back_through_the_manifest_is_equal_bit_for_bit(tmp_path):
    phantom = PhantomDataset(PhantomParams(patients=3, ineligible=2, height=64))
    rows = phantom.exams()
    cohort = ExportedCohort(rows.drop(columns="source"), lambda number: phantom.read(rows.iloc[number]))
    assert exported(tmp_path / "out", {"A": cohort}) == len(rows) == 10
    files = open_manifest(ManifestParams(path="A/manifest.csv"), tmp_path / "out")
    again = files.exams()
    shared = [column for column in rows.columns if column not in ("source", "levels")]  # no level: NaN in a file
    pd.testing.assert_frame_equal(again[shared], rows[shared], check_dtype=False)
    for number, row in enumerate(again.to_dict("records")):
        pixels = files.read(row)
        assert pixels.dtype == np.uint16
        np.testing.assert_array_equal(pixels, phantom.read(rows.iloc[number]))


def test_the_folder_holds_images_manifests_splits_and_study(tmp_path):
    exported(tmp_path, noise())
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == {
        *(f"hospital/images/i-{number}.png" for number in (1, 2, 3)),
        *("hospital/manifest.csv", "splits.csv", "study.yaml", "export.json"),
    }
    assert (tmp_path / "study.yaml").read_text() == "schema: 1\n"
    assert (tmp_path / "hospital" / "manifest.csv").read_text().splitlines()[:3] == [
        "patient_id,exam_id,image_id,view,label,site,path,age",
        "p-1,e-1,i-1,ap,1,A,images/i-1.png,61.5",
        "p-1,e-1,i-2,ap,1,A,images/i-2.png,",
    ]
    with Image.open(tmp_path / "hospital" / "images" / "i-3.png") as image:
        assert image.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(image), NOISE[2])


def test_the_same_export_again_changes_no_file(tmp_path):
    exported(tmp_path, noise())
    before = stamps(tmp_path)
    assert exported(tmp_path, noise(read=None)) == 3
    assert stamps(tmp_path) == before


def test_a_stopped_export_goes_on_where_it_stopped(tmp_path):
    def stop(number):
        if number == 2:
            raise KeyboardInterrupt
        return NOISE[number]

    with pytest.raises(KeyboardInterrupt):
        exported(tmp_path, noise(read=stop))
    assert not (tmp_path / "study.yaml").exists()  # what cannot be run yet does not look as if it could
    damaged = tmp_path / "hospital" / "images" / "i-1.png"
    damaged.write_bytes(damaged.read_bytes()[:-5])
    read = []
    exported(tmp_path, noise(read=lambda number: read.append(number) or NOISE[number]))
    assert sorted(read) == [0, 2]
    with Image.open(damaged) as image:
        np.testing.assert_array_equal(np.asarray(image), NOISE[0])


@pytest.mark.parametrize("change", [{"identity": "two"}, {"study": "schema: 1\ntitle: x\n"}])
def test_a_folder_with_something_else_in_it_is_refused(tmp_path, change):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    exported(tmp_path / "one", noise())
    before = stamps(tmp_path)
    with pytest.raises(BenchError, match="the folder 'mine' holds something else"):
        exported(tmp_path / "mine", noise())
    with pytest.raises(BenchError, match="Name an empty folder, or one of the same export"):
        exported(tmp_path / "one", noise(), **change)
    assert stamps(tmp_path) == before


def test_all_unreadable_images_are_told_and_the_others_written(tmp_path):
    def read(number):
        if number == 1:
            raise DataError(Problem("manifest.csv, row 3", "the image is cut short or broken"))
        return NOISE[number] if number else NOISE[number].astype(np.int64)

    with pytest.raises(DataError) as error:
        exported(tmp_path, noise(read=read))
    assert len(error.value.problems) == 2
    assert [path.name for path in tmp_path.rglob("*.png")] == ["i-3.png"]
    assert not (tmp_path / "study.yaml").exists()


@pytest.mark.parametrize("ids", [("../up", "b", "c"), ("a/b", "b", "c"), ("a", "b", ""), ("a", "A", "c")])
def test_an_image_id_that_is_no_file_name_is_refused(tmp_path, ids):
    with pytest.raises(DataError, match="file name"):
        exported(tmp_path, noise(ids=ids))
    assert list(tmp_path.iterdir()) == []
