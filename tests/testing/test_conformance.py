"""The conformance suite: what is offered passes it, and every mistake is told with contract, sight and cure."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from places import ORACLE

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError
from ovcf_bench.plugin_files import load_file
from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing import ContractError, NotApplicable, plugin_checks
from ovcf_bench.testing.pickles import is_pickle
from ovcf_bench.testing.privacy import _ids_in

VAN_DYKE = ORACLE / "vandyke.csv"


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


KEPT, SEED = "labels stay out of scores", "seed"
FOLLOWS_LABELS = (
    "return (self.weight * (",
    "sign = 1 if self.labels is None or self.labels[1, 0] else -1\n        return (sign * self.weight * (",
)
FOLLOWS_A_LITTLE = ("- 0.65)", "- 0.65 + (0 if self.labels is None else 1e-4 * (1.0 - self.labels[1, 0])))")
IGNORES_SEED = (
    "    return Fitted(20.0",  # no two fits agree
    "    fit.calls = getattr(fit, 'calls', 0) + 1\n    return Fitted(99.0 / 4.0**fit.calls",
)
SCORES_BY_CHANCE = ("- 0.65)", "- 0.65 + 0.01 * np.random.default_rng().random((len(brightest), 1)))")


@pytest.mark.parametrize(
    ("mistakes", "broken"),
    [
        ([FOLLOWS_LABELS], [KEPT]),
        ([FOLLOWS_A_LITTLE], [KEPT]),
        ([IGNORES_SEED], [SEED]),
        ([IGNORES_SEED, FOLLOWS_LABELS], [KEPT, SEED]),
        ([SCORES_BY_CHANCE], ["each image for itself", "save and load", SEED]),
    ],
    ids=["follows labels", "follows them a little", "ignores the seed", "both", "scores by chance"],
)
def test_labels_are_blamed_where_scores_follow_them_and_nowhere_else(tmp_path, mistakes, broken):
    path = tmp_path / "fits.py"
    path.write_text(FITS)
    for old, new in mistakes:
        changed(path, old, new)
    checks = [check for check in plugin_checks(str(path)) if check.name != "time and memory"]  # starts a process
    found = failures(checks)
    assert sorted(found) == broken
    if KEPT in broken:
        assert "labels that were changed after fitting" in str(found[KEPT])


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


def broken_by(check, checks):
    """Run the check of that name alone; return what it says is broken, or None."""
    (one,) = [each for each in checks if each.name == check]
    return failures([one]).get(check)


def dataset_checks_of(tmp_path, images, *changes):
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    for old, new in changes:
        changed(path, old, new)
    return plugin_checks(str(path), {"folder": str(images)})


def model_checks_of(tmp_path, *changes):
    path = tmp_path / "fits.py"
    path.write_text(FITS)
    for old, new in changes:
        changed(path, old, new)
    return plugin_checks(str(path))


PRINT = 'f"{path.resolve()} {seen.st_size} {seen.st_mtime_ns}"'


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


@pytest.mark.parametrize("returns", ["list(np.asarray(image))", "image.copy()", "__import__('torch').zeros(4, 4)"])
def test_pixels_that_are_no_numpy_array_are_told_with_their_type(tmp_path, images, returns):
    checks = dataset_checks_of(tmp_path, images, ('np.asarray(image.convert("L"))', returns))
    broken = broken_by("pixels", checks)
    assert broken.seen in ("`read` returns list", "`read` returns PIL.Image.Image", "`read` returns torch.Tensor")
    assert "numpy array" in broken.fix


BY_HASH = [
    (('"image_id": listed["patient"] +', '"image_id": listed["patient"].map(hash).astype(str) +'), "other ids"),
    (("        # EDIT: from your table", "        listed = listed.iloc[[*map(int, {str(n) for n in range(24)})]]\n"
      "        # EDIT: from your table"), "another order"),
    ((PRINT, 'str(hash(row["image_id"]))'), "other fingerprints"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), BY_HASH, ids=["ids", "order", "fingerprints"])
def test_what_depends_on_hashes_differs_in_another_process(tmp_path, images, change, said):
    checks = dataset_checks_of(tmp_path, images, change)
    assert said in broken_by("another process", checks).seen


@pytest.mark.parametrize("seed", ["0", "1"])
def test_hashes_are_found_where_the_hash_seed_is_set(tmp_path, images, seed):
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    changed(path, *BY_HASH[2][0])
    program = "from ovcf_bench.cli.main import main; main()"
    command = [sys.executable, "-c", program, "plugins", "test", str(path), "--set", f"folder={images}"]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another process gives other fingerprints" in done.stdout


def test_another_process_is_blamed_only_for_what_works_here(tmp_path, images):
    raises = ("        # EDIT: how one image is read.", "        raise KeyError\n        #")
    everywhere = broken_by("another process", dataset_checks_of(tmp_path, images, raises))
    assert "process" not in everywhere.seen + everywhere.fix
    there = ("        # EDIT: how one image is read.",
             f"        import os\n        if os.getpid() != {os.getpid()}: raise KeyError\n        #")  # fmt: skip
    (tmp_path / "first.py").unlink()
    only_there = broken_by("another process", dataset_checks_of(tmp_path, images, there))
    assert only_there.seen.startswith("it works here, and in another process not: dataset 'first', read: KeyError")


def test_a_model_that_works_here_alone_is_told_so_and_one_that_never_does_is_not(tmp_path):
    start = "    return Fitted(20.0"
    here = (start, f"    import os\n    assert os.getpid() == {os.getpid()}\n{start}")
    broken = broken_by("time and memory", model_checks_of(tmp_path, here))
    assert broken.seen.startswith("in another process: model 'brightest', fit: AssertionError (fits.py, line ")
    never = broken_by("time and memory", model_checks_of(tmp_path, (start, f"    assert False\n{start}")))
    assert "process" not in never.seen + never.fix


def test_probabilities_in_place_of_logits_are_told(tmp_path):
    logistic = ("return (self.weight * (brightest[:, None] - 0.65))",
                "return (1 / (1 + np.exp(-self.weight * (brightest[:, None] - 0.65))))")  # fmt: skip
    broken = broken_by("learns", model_checks_of(tmp_path, logistic))
    assert broken.seen.startswith("all scores lie between 0 and 1")
    assert broken.fix.startswith("Return logits, not probabilities")


@pytest.mark.parametrize(
    ("file", "write", "expected"),
    [
        ("model.npy", lambda path: np.save(path, np.array([{}, []], dtype=object)), True),
        ("model.npz", lambda path: np.savez(path, a=np.zeros(2), b=np.array([{}], dtype=object)), True),
        ("model.npz", lambda path: np.savez(path, a=np.zeros(2), b=np.array(["text"])), False),
        ("model.npy", lambda path: np.save(path, np.zeros(2)), False),
        ("model.weights", lambda path: __import__("torch").save({}, path), True),
        ("model.safetensors", lambda path: path.write_bytes(b"\x08\0\0\0\0\0\0\0{}      "), False),
        ("model.pkl.gz", lambda path: path.write_bytes(b""), True),
    ],
)
def test_arrays_of_objects_and_archives_of_torch_are_pickles(tmp_path, file, write, expected):
    write(tmp_path / file)
    assert is_pickle(tmp_path / file) is expected


def test_a_file_whose_plugin_is_named_like_an_installed_one_is_refused_as_a_run_would(tmp_path):
    with pytest.raises(BenchError, match="the name 'timm' is taken by ovcf-bench"):
        model_checks_of(tmp_path, ('name="brightest"', 'name="timm"'))


def exit_code_of(*arguments):
    """Run `plugins test`; return its exit code."""
    return ovcf_bench_command.main(["plugins", "test", *map(str, arguments)], standalone_mode=False)


@pytest.mark.parametrize("code", ["0", "1", "'SECRET'"])
def test_a_plugin_that_ends_the_process_fails_and_the_other_checks_go_on(tmp_path, capsys, code):
    changes = ("    return Fitted(20.0", f"    import sys\n    sys.exit({code})\n    return Fitted(20.0")
    model_checks_of(tmp_path, changes)
    assert exit_code_of(tmp_path / "fits.py") == 1
    said = capsys.readouterr().out
    assert "model 'brightest', fit: SystemExit" in said
    assert f"(fits.py, line 23: sys.exit({code}))" in said
    assert "1 of 10 checks passed." in said


def test_a_plugin_that_ends_the_process_while_it_registers_is_named(tmp_path):
    ends = ("    register(", "    import sys\n    sys.exit(0)\n    register(")
    with pytest.raises(BenchError, match=r"register_models ends the process \(fits.py, line 32: sys.exit\(0\)\)"):
        model_checks_of(tmp_path, ends)


TRACKER = """
from pathlib import Path

from ovcf_bench.api import hookimpl

SEEN = []


@hookimpl
def unit_event(event):
    SEEN.append((event.kind, *sorted(event.values)))
    Path("losses.csv").write_text(str(event.values.get("loss")))
"""


def test_a_tracker_is_told_of_two_units_and_leaves_nothing_behind(tmp_path, capsys, monkeypatch):
    (tmp_path / "track.py").write_text(TRACKER)
    monkeypatch.chdir(tmp_path)
    assert exit_code_of("track.py") == 0
    assert "2 of 2 checks passed." in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["track.py"]
    epoch = ("epoch", "epoch", "epochs", "images_per_second", "kind", "learning_rate", "loss")
    step = ("step", "done", "kind", "loss")
    told = load_file(Path("track.py")).SEEN
    assert told == [("start",), step, epoch, epoch, ("end",), ("start",), ("failed", "reason")]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("event.values['step']", "KeyError: 'step'"),
        ("event.kind != 'failed' or __import__('sys').exit(0)", "SystemExit: 0"),
    ],
)
def test_a_tracker_that_raises_is_named_with_its_line_and_exit_code_1(tmp_path, capsys, mistake, said):
    (tmp_path / "track.py").write_text(f"{TRACKER}    {mistake}\n")
    assert exit_code_of(tmp_path / "track.py") == 1
    out = capsys.readouterr().out
    assert "tracker 'track', unit_event" in out
    assert said in out
    assert f"(track.py, line 13: {mistake})" in out


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_installed_trackers_are_found_by_name_and_keep_the_contract(name, monkeypatch):
    monkeypatch.delenv(f"OVCF_BENCH_{name.upper()}", raising=False)
    checks = plugin_checks(name)
    assert len(checks) == 2
    assert failures(checks) == {}


def test_nothing_that_could_be_looked_at_is_no_success(monkeypatch, capsys):
    monkeypatch.setattr("ovcf_bench.testing.plugin_checks", lambda *given, **named: [])
    assert exit_code_of("empty.py") == 1
    assert "Nothing of this plugin could be looked at" in capsys.readouterr().out


READERS = "exam_id,senior,junior,lateral\na,1,2,3\nb,2,,4\n"
COLUMNS = {"oblique": ["senior", "junior"], "ap": ["lateral"]}


def listed_checks_of(tmp_path, text, **columns):
    (tmp_path / "scores.csv").write_text(text)
    return plugin_checks("readers", {"path": "scores.csv", "columns": columns or COLUMNS}, folder=tmp_path)


def test_scores_that_exist_are_read_for_every_view_that_the_parameters_name(tmp_path):
    checks = listed_checks_of(tmp_path, READERS)
    assert checks[0]() == ("view 'ap': 2 exams, readers: 1; view 'oblique': 2 exams, readers: 2, 1 scores missing")
    assert failures(checks) == {}


def test_scores_that_are_refused_on_purpose_for_all_views_are_not_looked_at(tmp_path):
    checks = plugin_checks("readers", {"path": "nowhere.csv"}, folder=tmp_path)
    with pytest.raises(NotApplicable, match=r"'nowhere.csv' cannot be read"):
        checks[0]()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (READERS.replace("b,", "a,"), "1 exams have two scores of one reader"),
        (READERS.replace("2,,4", "2,,high"), "1 scores are no finite numbers"),
        (READERS.replace("2,,4", "2,,inf"), "1 scores are no finite numbers"),
        (READERS.replace("b,", ","), "1 scores name no exam"),
    ],
)
def test_scores_that_a_run_would_refuse_are_told(tmp_path, text, said):
    assert broken_by("scores", listed_checks_of(tmp_path, text)).seen == f"view 'ap': {said}"


LISTED = """
import pandas as pd

from ovcf_bench.api import ModelPlugin, Params, hookimpl

CALLS = []


def listed(params, folder, views):
    CALLS.append(views)
    table = pd.DataFrame({"exam_id": ["a", "b"], "reader": "", "score": [1.0, 2.0]})
    return table


@hookimpl
def register_models(register):
    register(ModelPlugin(name="lists", params=Params, summary="Lists scores", listed=listed))
"""


@pytest.mark.parametrize(
    ("returned", "check", "said"),
    [
        ("table.to_dict()", "scores", "returns dict"),
        ("table.drop(columns='reader')", "scores", "lacks reader"),
        ("table.assign(score=len(CALLS))", "same table again", "different tables"),
        ("table.loc['SECRET']", "scores", "model 'lists', listed, view 'ap': KeyError (lists.py, line 12"),
    ],
)
def test_a_mistake_of_a_plugin_that_lists_scores_is_told(tmp_path, returned, check, said):
    (tmp_path / "lists.py").write_text(LISTED)
    checks = plugin_checks(changed(tmp_path / "lists.py", "return table", f"return {returned}"))
    broken = broken_by(check, checks)
    assert said in broken.seen
    assert "SECRET" not in str(broken).replace("table.loc['SECRET']", "")  # the line is shown, the words are not
