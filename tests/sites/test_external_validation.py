"""Another site scores its own images with exported networks, and its scores are added to the run."""

import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from folder_study import draw_images

from ovcf_bench import scores
from ovcf_bench.errors import BenchError
from ovcf_bench.report import write_report
from ovcf_bench.sites import add_site, export_for_site, validate_site
from ovcf_bench.sites.returned import count_known


@pytest.fixture(scope="module")
def package(folders, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    export_for_site(run, folder / "package", print)
    rows = []
    for label in ("fracture", "normal"):
        for view in ("ap", "lateral"):
            for path in sorted((folders.home / "images" / view / label).iterdir()):
                rows.append((path.stem, view, int(label == "fracture"), str(path)))
    table = pd.DataFrame(rows, columns=["patient_id", "view", "label", "path"])
    table.to_csv(folder / "all.csv", index=False)
    one = (table["patient_id"].str[1:].astype(int) % 4 < 2) == (table["view"] == "ap")
    table[one].to_csv(folder / "one_view_each.csv", index=False)
    return folder


def test_a_site_says_how_its_own_files_are_read(package):
    settings = {"inverted": True}
    turned = validate_site(
        package / "package", package / "all.csv", "c", b"k" * 32, package / "a.zip", settings=settings
    )
    stored = validate_site(package / "package", package / "all.csv", "c", b"k" * 32, package / "b.zip")
    assert turned.unusual["ap"] <= 5
    assert stored.unusual["ap"] >= 45, "dark bone is unlike the study's images"


def test_a_site_without_whole_exams_hears_it_before_anything_is_scored(package):
    with pytest.raises(BenchError, match="no exam has all of ap, lateral"):
        validate_site(package / "package", package / "one_view_each.csv", "c", b"k" * 32, package / "c.zip")
    assert not (package / "c.zip").exists()


def test_images_of_the_study_are_no_further_test_set_under_another_key(package, run):
    settings = {"inverted": True}
    validate_site(package / "package", package / "all.csv", "d", b"k" * 32, package / "d.zip", settings=settings)
    with pytest.raises(BenchError, match="of its cases have the scores of cases of the study, under other names"):
        add_site(run, package / "d.zip", None)


def test_development_images_alone_are_found_too_and_new_ones_are_not(package, run):
    own = scores.from_csv((run / "scores.csv").read_text())
    developed = own[own["kind"] == "oof"]
    fold = developed[developed["fold"] == 0].assign(kind="test", set="d", exam_id=lambda table: "x" + table["exam_id"])
    assert count_known(fold, own) >= 10
    new = fold.assign(logit=fold["logit"] + np.random.default_rng(1).normal(0, 0.01, len(fold)))
    assert count_known(new, own) == 0
    constant = own.assign(logit=0.5)
    assert count_known(fold.assign(logit=0.5), constant) == 0, "a model that says one thing tells nobody apart"


@pytest.fixture(scope="module")
def theirs(package, tmp_path_factory):
    """What a site with patients of its own sends: the file, and what it was told while it was made."""
    folder = tmp_path_factory.mktemp("theirs")
    draw_images(folder / "images", 30, seed=9)
    rows = ["patient_id,view,label,path,site"]
    for path in sorted((folder / "images").rglob("*.png")):
        rows.append(f"{path.stem},{path.parts[-3]},{int(path.parts[-2] == 'fracture')},{path},Ward of Dr Doe")
    shutil.copyfile(path, folder / "oblique.png")
    rows.append(f"p0,oblique,0,{folder / 'oblique.png'},Ward of Dr Doe")
    (folder / "theirs.csv").write_text("\n".join(rows) + "\n")
    sent = validate_site(package / "package", folder / "theirs.csv", "e", b"k" * 32, folder / "e.zip",
                         settings={"inverted": True})  # fmt: skip
    return folder / "e.zip", sent


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the run, beside which the one with the site's scores is made."""
    shutil.copytree(run, tmp_path / run.name)
    return tmp_path / run.name


def test_what_a_site_lists_beside_the_study_is_left_out_and_its_words_stay_there(theirs):
    file, sent = theirs
    assert sent.left_out == {"oblique": 1}
    with zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == {"scores.csv", "site.json"}
        assert not [name for name in archive.namelist() if b"Doe" in archive.read(name)]


def test_new_patients_are_added_with_what_is_not_proven_about_them(copy, theirs):
    html = write_report(add_site(copy, theirs[0], None)).read_text("utf-8")
    assert "e, scored elsewhere, is no part of this proof" in html
    assert "except of e, scored elsewhere" in html
    assert "was not held against a hash" in html
    assert "look unlike those of development" in html


def test_a_table_whose_hash_was_told_is_not_said_to_be_unproven(copy, theirs):
    file, sent = theirs
    html = write_report(add_site(copy, file, sent.digest)).read_text("utf-8")
    assert "e, scored elsewhere, is no part of this proof" in html
    assert "was not held against a hash" not in html
