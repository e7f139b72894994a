"""Plugins that are one file: the study names them, and what they do wrong is told with hook and line."""

import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ovcf_bench import registry
from ovcf_bench.cli.options import open_study
from ovcf_bench.errors import PluginError
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.plugin_files import load_again, load_file, loaded_files, source_of

MODEL = """
from ovcf_bench.api import ModelPlugin, Params, hookimpl


class Settings(Params):
    width: int = 4


def build(params, context):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(context.n_views, params.width, 7, stride=4),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(params.width, context.n_targets),
    )


@hookimpl
def register_models(register):
    register(ModelPlugin(name="mine", params=Settings, summary="One convolution", build=build))
"""

DATASET = """
import numpy as np
import pandas as pd

from ovcf_bench.api import DatasetPlugin, Params, hookimpl


class Settings(Params):
    patients: int = 60


class Squares:
    def __init__(self, params):
        self.params = params

    def exams(self, progress=None):
        rows = [
            {"patient_id": f"p{n}", "exam_id": f"e{n}", "image_id": f"{n}-{view}", "view": view, "label": n % 2,
             "site": "s", "source": f"{n} {view}"}
            for n in range(self.params.patients) for view in ("ap", "lateral")
        ]
        return pd.DataFrame(rows)

    def read(self, row):
        number, view = row["source"].split()
        image = np.random.default_rng([int(number), len(view)]).random((32, 24), dtype=np.float32)
        image[8:16, 8:16] += int(number) % 2
        return image / 2

    def fingerprint(self, row):
        return row["source"]


def open_squares(params, folder):
    return Squares(params)


def read_file(params, path):
    from PIL import Image

    return np.asarray(Image.open(path).convert("L"))


@hookimpl
def register_datasets(register):
    register(DatasetPlugin(name="squares", params=Settings, summary="Squares", open=open_squares, read_file=read_file))
"""

STUDY = """
schema: 1
title: Own plugins
plugins: [./own.py, ./data.py]
cohorts: {home: {dataset: squares}}
splits: {development: {from: home, positives: 20, negatives: 20}, internal: {from: home}, folds: 2}
models: {own: {model: mine}}
arms: {views: [ap, lateral]}
training: {image_size: [32, 24], epochs: 1, batch_size: 8, precision: float32}
checks: {shortcuts: "off"}
report: {images: none}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own.py").write_text(MODEL)
    (tmp_path / "data.py").write_text(DATASET)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def command(folder, *arguments):
    program = Path(sys.executable).with_name("ovcf-bench")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        [program, *arguments], cwd=folder, env={**environment, "COLUMNS": "200"}, capture_output=True, text=True
    )


def test_a_study_runs_with_a_model_and_a_dataset_that_are_files_beside_it(folder):
    found = command(folder, "run", "study.yaml", "--workers", "2")
    assert found.returncode == 0, found.stderr
    assert "ap/own" in found.stdout
    assert not list(folder.glob("**/__pycache__")), "bytecode was left beside the user's files"


def test_a_plugin_file_is_loaded_only_when_the_study_names_it(folder):
    text = STUDY.replace("plugins: [./own.py, ./data.py]", "plugins: [./data.py]")
    (folder / "study.yaml").write_text(text)
    found = command(folder, "check", "study.yaml", "--no-pixels")
    assert found.returncode == 2
    assert "unknown model 'mine'" in found.stderr


def test_a_changed_plugin_file_makes_new_units_and_says_so(folder):
    assert command(folder, "run", "study.yaml").returncode == 0
    (folder / "own.py").write_text(MODEL.replace("stride=4", "stride=2"))
    found = command(folder, "plan", "study.yaml")
    assert "changed: model.source" in found.stdout


def test_a_run_with_plugin_files_is_used_from_anywhere_with_the_code_that_it_was_made_with(folder, tmp_path_factory):
    image = folder / "image.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (32, 24), dtype=np.uint8)).save(image)
    assert command(folder, "run", "study.yaml").returncode == 0
    (run,) = (folder / "reports" / "runs").glob("study-*")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    asked = ("predict", str(run), "--arm", "ap/own", str(image), "--json")
    before = command(elsewhere, *asked)
    assert '"image"' in before.stdout, before.stderr
    (folder / "own.py").write_text("raise SystemExit(9)")  # the run keeps what it was made with
    assert command(elsewhere, *asked).stdout == before.stdout
    for number, options in enumerate((("--arm", "ap/own", "--no-onnx"), ("--for-site",))):
        done = command(elsewhere, "export", str(run), *options, "--to", f"exported{number}")
        assert done.returncode == 0, done.stderr
    found = command(elsewhere, "predict", "exported0", str(image), "--json")
    assert json.loads(found.stdout) == json.loads(before.stdout)
    assert "look into own.py, data.py first" in (elsewhere / "exported1" / "SITE.md").read_text()
    kept = elsewhere / "exported0" / "plugins" / "own.py"
    kept.write_text(kept.read_text() + "# changed\n")
    refused = command(elsewhere, "predict", "exported0", str(image))
    assert refused.returncode == 2
    assert "plugins/own.py is not as it was exported" in refused.stderr


def test_an_export_that_fails_leaves_nothing(folder):
    assert command(folder, "run", "study.yaml").returncode == 0
    (run,) = (folder / "reports" / "runs").glob("study-*")
    (run / "plugins" / "data.py").unlink()
    assert command(folder, "export", str(run), "--arm", "ap/own", "--to", "exported").returncode == 2
    assert not [path for path in folder.iterdir() if "exported" in path.name]


def test_a_changed_dataset_file_decodes_its_images_anew(folder):
    before = command(folder, "plan", "study.yaml", "--json").stdout
    (folder / "data.py").write_text(DATASET.replace("image / 2", "image / 3"))
    assert command(folder, "plan", "study.yaml", "--json").stdout != before


def test_a_file_that_was_changed_meanwhile_is_refused_in_another_process(folder):
    name = load_file(folder / "own.py").__name__
    (folder / "own.py").write_text(MODEL + "\n")
    mine = [(each, path) for each, path in loaded_files() if each == name]
    with pytest.raises(PluginError, match="was changed while the study ran"):
        load_again(mine)
    # Jobs that have nothing to do with the file go on.
    (outcome,) = run_jobs([Job("length", _length, "four")], workers=1)
    assert outcome.result == 4


def _length(text, report):
    return len(text)


def loaded(folder, source):
    path = folder / "wrong.py"
    path.write_text(textwrap.dedent(source))
    with pytest.raises(PluginError) as error:
        registry.load([], [path])
    return str(error.value)


IMPORT = "from ovcf_bench.api import ModelPlugin, Params, hookimpl\n"
REGISTER = "@hookimpl\ndef register_models(register):\n    "


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library\n", "Install: pip install no_such_library"),
        ("def f(:\n", "SyntaxError: invalid syntax (wrong.py, line 1)"),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError"),
        ("x = 1\n", "has no hook"),
        (IMPORT + REGISTER + "pass\n", "register_models registers nothing"),
        (IMPORT + REGISTER.replace("models", "model") + "pass\n", "Did you mean 'register_models'?"),
        (IMPORT + REGISTER.replace("(register)", "(add)") + "pass\n", "register_models(register)"),
        (IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params))\n", "register_models failed: TypeError"),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary=''))\n",
            "gives none of build, fit, fuse and listed",
        ),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary='', build=lambda p, c: None))\n",
            "build is a lambda",
        ),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary='', build=len, api=(99,)))\n",
            "supports API 99",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_anything_runs(tmp_path, source, said):
    found = loaded(tmp_path, source)
    assert said in found
    assert "plugin file 'wrong.py'" in found


def test_a_file_that_takes_an_installed_name_is_refused(folder):
    (folder / "own.py").write_text(MODEL.replace('name="mine"', 'name="timm"'))
    with pytest.raises(PluginError, match="the name 'timm' is taken by ovcf-bench"):
        open_study(folder / "study.yaml")


def test_a_missing_plugin_file_is_named(folder):
    (folder / "own.py").unlink()
    with pytest.raises(PluginError, match=r"'own.py': cannot be read \(No such file or directory\)"):
        open_study(folder / "study.yaml")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("data.py", "image[8:16", "1 / 0\n        image[8:16", "dataset 'squares', read, cohort 'home', image 1"),
        ("data.py", "return pd.DataFrame(rows)", "return rows[0]['age']", "dataset 'squares', exams, cohort 'home'"),
        ("own.py", "from torch import nn", "from torch import nm", "model 'mine', build: ImportError"),
        ("own.py", "context.n_targets)", "2)", "the network makes (2, 2) of images (2, 1, 32, 24)"),
        ("own.py", "nn.Linear(params.width", "nn.Linear(99", "build, forward of its network: RuntimeError"),
        ("own.py", "return nn.Sequential", "nn.Sequential", "returns NoneType"),
    ],
)
def test_an_exception_inside_a_plugin_names_plugin_hook_and_line_and_no_identifier(folder, file, old, new, said):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    found = command(folder, "run", "study.yaml")
    assert found.returncode in (1, 2)
    assert said in found.stderr + found.stdout
    assert "Traceback" not in found.stderr
    assert "'p0'" not in found.stderr


def test_verbose_shows_the_traceback_of_what_a_plugin_raised(folder):
    (folder / "data.py").write_text(DATASET.replace("return pd.DataFrame(rows)", "return rows[0]['age']"))
    found = command(folder, "run", "study.yaml", "-v")
    assert found.returncode == 2
    assert "Traceback" in found.stderr
    assert "KeyError: 'age'" in found.stderr


def test_a_watching_plugin_that_fails_is_named_once_and_the_study_goes_on(folder):
    watcher = "from ovcf_bench.api import hookimpl\n@hookimpl\ndef unit_event(event):\n    1 / 0\n"
    (folder / "watcher.py").write_text(watcher)
    (folder / "study.yaml").write_text(STUDY.replace("[./own.py", "[./watcher.py, ./own.py"))
    found = command(folder, "run", "study.yaml")
    assert found.returncode == 0, found.stderr
    assert found.stderr.count("unit_event: ZeroDivisionError") == 1


def test_files_are_listed_while_a_thread_imports():
    # A tracker imports its library in a thread while the run starts its processes.
    stop = threading.Event()

    def import_much():
        number = 0
        while not stop.is_set():
            number += 1
            sys.modules[f"planted_{number}"] = sys
            if number % 50 == 0:
                for name in range(number - 49, number + 1):
                    del sys.modules[f"planted_{name}"]

    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of everything
    thread = threading.Thread(target=import_much)
    thread.start()
    try:
        listed = {loaded_files() for _ in range(300)}
    finally:
        sys.setswitchinterval(often)
        stop.set()
        thread.join()
        for name in [name for name in sys.modules if name.startswith("planted_")]:
            del sys.modules[name]
    assert listed == {loaded_files()}


def test_a_file_called_like_a_module_of_python_stands_in_for_nothing(folder):
    (folder / "random.py").write_text("raise SystemExit('planted')")
    (folder / "pickle.py").write_text("raise SystemExit('planted')")
    found = command(folder, "run", "study.yaml")
    assert found.returncode == 0, found.stderr


def test_a_run_keeps_the_code_that_it_was_made_with_when_the_file_changes_meanwhile(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("NUMBER = 1\n")
    load_file(path)
    path.write_text("NUMBER = 2\n")
    assert source_of(path) == b"NUMBER = 1\n"
    load_file(path)
    assert source_of(path) == b"NUMBER = 2\n"
