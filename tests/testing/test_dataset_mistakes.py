"""Every mistake of a dataset is told by the check of its contract, and names nobody."""

import pytest
from plugin_trials import PRINT, broken_by, dataset_checks_of

from ovcf_bench.testing.datasets import _ids_in


@pytest.mark.parametrize(
    ("old", "new", "check", "said"),
    [
        ('"site": "site",', "", "exam table", "lacks site"),
        ('listed["label"].astype(int)', "1", "labels", "every label is 1"),
        ('listed["label"].astype(int)', 'listed["label"].astype(int) + 1', "exam table", "unknown label"),
        ('listed["patient"] + "-" + listed["view"]', 'listed["patient"]', "exam table", "stands more than once"),
        (
            '"exam_id": listed["patient"]',
            '"exam_id": listed["patient"] + listed["view"]',
            "views of a patient",
            "no exam has more than one",
        ),
        (
            "# EDIT: from your table",
            "listed = listed.sample(frac=1)\n        #",
            "same table again",
            "list different tables",
        ),
        ('np.asarray(image.convert("L"))', 'np.asarray(image.convert("RGB"))', "pixels", "has the shape (40, 30, 3)"),
        ('np.asarray(image.convert("L"))', 'np.asarray(image.convert("L")) / 9', "pixels", "has values from"),
        (
            'return np.asarray(image.convert("L"))',
            'return np.random.default_rng().random((40, 30), dtype="float32")',
            "reading is pure",
            "differ when read a second time",
        ),
        (
            'f"{path.resolve()} {seen.st_size} {seen.st_mtime_ns}"',
            '"always"',
            "fingerprints",
            "share a fingerprint",
        ),
        (
            "        try:\n            with Image",
            '        (self.folder / str(row["source"])).stat()\n        try:\n            with Image',
            "missing file",
            "raises FileNotFoundError",
        ),
        (
            '"an image of labels.csv"',
            'str(row["patient_id"])',
            "missing file",
            "holds the patient_id",
        ),
        ("            card=CARD,\n", "", "card", "0 letters"),
    ],
)
def test_a_mistake_of_a_dataset_is_told_by_the_check_of_its_contract(tmp_path, images, old, new, check, said):
    broken = broken_by(check, dataset_checks_of(tmp_path, images, (old, new)))
    assert said in broken.seen


@pytest.mark.parametrize(
    "made_of",
    [
        'str(row["patient_id"])',  # both views of an exam
        'str(row["patient_id"]).replace("t-3", "t-5") + row["view"]',  # two patients of twelve, neither in the sample
        'str(row["view"])',
    ],
)
def test_a_fingerprint_that_images_share_is_found_anywhere_in_the_table(tmp_path, images, made_of):
    broken = broken_by("fingerprints", dataset_checks_of(tmp_path, images, (PRINT, made_of)))
    assert "images with different pixels share a fingerprint" in broken.seen


def test_equal_images_may_share_a_fingerprint(tmp_path, images):
    (images / "3-ap.png").write_bytes((images / "5-lateral.png").read_bytes())
    checks = dataset_checks_of(tmp_path, images, (PRINT, "str(hash(path.read_bytes()))"))
    (check,) = [each for each in checks if each.name == "fingerprints"]
    assert check() == "23 fingerprints of 24 images; 1 pairs that share one have equal pixels"


def test_the_sample_holds_every_view_of_its_exams(tmp_path, images):
    dark = 'np.asarray(image.convert("L")) * (row["view"] == "ap")'
    checks = dataset_checks_of(tmp_path, images, ('np.asarray(image.convert("L"))', dark))
    assert "one brightness only" in broken_by("pixels", checks).seen


@pytest.mark.parametrize("returns", ["list(np.asarray(image))", "image.copy()", "__import__('torch').zeros(4, 4)"])
def test_pixels_that_are_no_numpy_array_are_told_with_their_type(tmp_path, images, returns):
    checks = dataset_checks_of(tmp_path, images, ('np.asarray(image.convert("L"))', returns))
    broken = broken_by("pixels", checks)
    assert broken.seen in ("`read` returns list", "`read` returns PIL.Image.Image", "`read` returns torch.Tensor")
    assert "numpy array" in broken.fix


@pytest.mark.parametrize(
    ("old", "hook", "check"),
    [
        ('        path = self.folder / "labels.csv"\n', "exams", "exam table"),
        ("        # EDIT: how one image is read.", "read", "pixels"),
        ('        path = self.folder / str(row["source"])\n', "fingerprint", "fingerprints"),
        ("    return FirstImages(folder / params.folder)", "open_dataset", "exam table"),
    ],
)
def test_the_words_of_a_datasets_exception_are_hidden_and_its_line_is_named(tmp_path, images, old, hook, check):
    indent = " " * (len(old) - len(old.lstrip()))
    raises = f"{indent}hidden = 'SECRET' + '000'\n{indent}raise KeyError(hidden)\n{old}"
    broken = broken_by(check, dataset_checks_of(tmp_path, images, (old, raises)))
    assert broken.seen.startswith(f"dataset 'first', {hook}: KeyError (first.py, line ")
    assert "SECRET000" not in str(broken)
    assert "SECRET000" in broken.__cause__.problems[0].trace


TOLD = '                "source": listed["file"],\n'


@pytest.mark.parametrize(
    ("unusable", "place", "column"),
    [
        ('"cannot be read: " + listed["file"] + " of " + listed["patient"]', '"row 7"', "unusable"),
        ('"too dark"', '"row 7, " + listed["patient"]', "place"),
        ('"too dark"', '"row 110 of labels.csv"', ""),
    ],
)
def test_what_is_told_of_unusable_images_names_nobody(tmp_path, images, unusable, place, column):
    told = f'{TOLD}"unusable": ({unusable} + listed["view"].str[:0]).where(listed.index < 4, ""), "place": {place},'
    checks = dataset_checks_of(tmp_path, images, (TOLD, told))
    broken = broken_by("unusable images", checks)
    assert (broken is not None) == bool(column)
    if column:
        assert broken.seen == f"`{column}` holds the patient_id of its row, as in row 1 of the table"


def test_the_number_of_a_row_is_no_identifier():
    row = {"patient_id": "110", "exam_id": "12", "image_id": "1101"}
    assert not [*_ids_in("row 110 of labels.csv: 11010 and 12", row)]
    assert [*_ids_in("row 7: 110, 1101", row)] == ["patient_id", "image_id"]
