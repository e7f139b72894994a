"""The conformance suite: what is offered passes it, and every mistake is told with contract, sight and cure."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ovcf_bench.errors import BenchError
from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing import ContractError, NotApplicable, plugin_checks

VAN_DYKE = Path(__file__).parent / "data" / "oracle" / "vandyke.csv"


def failures(checks):
    """Run all checks; return the errors of those that fail, by name."""
    found = {}
    for check in checks:
        try:
            check()
        except NotApplicable:
            continue
        except ContractError as broken:
            found[check.name] = broken
    return found


@pytest.fixture
def images(tmp_path):
    """A folder as the dataset of the scaffold reads it."""
    folder = tmp_path / "images"
    folder.mkdir()
    lines = ["patient,view,label,file"]
    for patient in range(12):
        for number, view in enumerate(("ap", "lateral")):
            levels = np.random.default_rng([patient, number]).integers(0, 255, (40, 30), dtype=np.uint8)
            Image.fromarray(levels).save(folder / f"{patient}-{view}.png")
            lines.append(f"patient-{patient},{view},{patient % 2},{patient}-{view}.png")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("phantom", {"patients": 20, "height": 64}),
        ("timm", {"architecture": "test_resnet"}),
        ("two_stream", {"architecture": "test_resnet"}),
        ("linear_probe", {"architecture": "test_resnet"}),
        ("simple_features", {}),
        *(("late_fusion", {"of": "net", "rule": rule}) for rule in ("mean", "or", "and", "learned")),
        ("case_list", {"path": str(VAN_DYKE), "patient": "case", "label": "truth", "views": ["cine", "spin_echo"]}),
    ],
)
def test_bundled_plugins_keep_the_contract(name, params):
    assert failures(plugin_checks(name, params)) == {}


def test_the_models_first_version_keeps_the_contract(tmp_path):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    assert failures(plugin_checks(str(path))) == {}


def test_the_datasets_first_version_keeps_the_contract(tmp_path, images):
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    assert failures(plugin_checks(str(path), {"folder": str(images)})) == {}


def test_a_name_that_is_no_module_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(BenchError, match="small letters"):
        new_plugin("model", "My-Model", tmp_path, single_file=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["class", "torch", "timm"])
def test_a_name_that_python_or_another_package_uses_is_refused(tmp_path, name):
    with pytest.raises(BenchError, match=r"cannot name a Python module|is installed already"):
        new_plugin("model", name, tmp_path, single_file=False)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    path.write_text("mine")
    with pytest.raises(BenchError, match="is there already"):
        new_plugin("model", "first", tmp_path, single_file=True)
    assert path.read_text() == "mine"


def changed(path, old, new):
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new))
    return str(path)


FITS = """
import json

import numpy as np

from ovcf_bench.api import ModelPlugin, Params, hookimpl


class Fitted:
    def __init__(self, weight, labels=None):
        self.weight, self.labels = weight, labels

    def scores(self, pixels):
        brightest = pixels[np.arange(pixels.shape[0])].reshape(pixels.shape[0], -1).max(axis=1) / 65535.0
        return (self.weight * (brightest[:, None] - 0.65)).astype(np.float32)

    def save(self, folder):
        (folder / "weight.json").write_text(json.dumps(self.weight))


def fit(params, train, tune, context):
    return Fitted(20.0, train.labels)


def load(params, folder, context):
    return Fitted(json.loads((folder / "weight.json").read_text()))


@hookimpl
def register_models(register):
    register(ModelPlugin(name="brightest", params=Params, summary="The brightest pixel", fit=fit, load=load))
"""


def test_a_model_without_torch_keeps_the_contract(tmp_path):
    (tmp_path / "fits.py").write_text(FITS)
    assert failures(plugin_checks(str(tmp_path / "fits.py"))) == {}


@pytest.mark.parametrize(
    ("old", "new", "check", "said"),
    [
        ("(brightest[:, None] - 0.65)", "(brightest - 0.65)", "finite scores", "returns (32,) for 32 images"),
        ("- 0.65)", "- brightest.mean())", "each image for itself", "when other images are scored beside it"),
        ("(self.weight *", "(np.where(brightest[:, None] > 0, 9, np.nan) *", "finite scores", "are not finite"),
        ("20.0, train", "np.random.default_rng().random() * 9, train", "seed", "differ by up to"),
        ("20.0, train", "-20.0, train", "learns", "Higher scores must mean label 1"),
        ('"weight.json").write_text(json.dumps(self.weight))', '"w.pkl").write_bytes(b"")', "save and load", "pickle"),
        ("json.dumps(self.weight)", '"1.0"', "save and load", "after save and load, scores differ"),
        ('        (folder / "weight', '        return\n        (folder / "weight', "save and load", "writes no file"),
        (
            "return (self.weight * (",
            "sign = 1 if self.labels is None or self.labels[1, 0] else -1\n        return (sign * self.weight * (",
            "labels stay out of scores",
            "labels that were changed after fitting",
        ),
        (
            "    return Fitted(20.0, train",
            "    assert train.labels.any(), 'one class'\n    return Fitted(20.0, train",
            "one class",
            "AssertionError: one class",
        ),
    ],
)
def test_a_mistake_of_a_model_is_told_by_the_check_of_its_contract(tmp_path, old, new, check, said):
    path = tmp_path / "fits.py"
    path.write_text(FITS)
    broken = failures(plugin_checks(changed(path, old, new)))
    assert check in broken, broken
    text = str(broken[check])
    assert said in text
    assert text.startswith("contract: ")
    assert "\nfix: " in text


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
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    broken = failures(plugin_checks(changed(path, old, new), {"folder": str(images)}))
    assert check in broken, broken
    assert said in str(broken[check])


def test_unknown_parameters_are_refused_as_a_study_would(tmp_path):
    with pytest.raises(BenchError, match="Did you mean 'architecture'"):
        plugin_checks("timm", {"architectur": "resnet10t"})


def test_a_missing_parameter_is_named():
    with pytest.raises(BenchError, match="params lacks the key 'path'"):
        plugin_checks("manifest", {})


def test_a_file_that_is_named_like_a_plugin_is_proposed(tmp_path, monkeypatch):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError, match=r"Did you mean \./first\.py\?"):
        plugin_checks(path.stem)
