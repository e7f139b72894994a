"""Studies with plugins that are files: what a run keeps of them, and how what they raise is told."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_plugins import DATASET, MODEL, STUDY, forget_plugin_files, typed, write_own_plugins
from PIL import Image
from tiny import Project

from ovcf_bench.hooks.files import load_file

# A job that needs nothing, for a server that has to be started first.
ONE_JOB = """
from operator import getitem
from ovcf_bench.executors import Job, run_jobs

if __name__ == "__main__":
    (outcome,) = run_jobs([Job("none", getitem, [])], workers=1)
    assert "TypeError" in outcome.reason, outcome.reason
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, server):
    """The folder in which the study has been run; for reading only."""
    folder = tmp_path_factory.mktemp("finished")
    write_own_plugins(folder)
    assert "ap/own" in typed(folder, "run", "study.yaml", "--workers", "2").stdout
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of it; what was trained and decoded comes along."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def run_of(folder):
    (run,) = (folder / "reports" / "runs").glob("study-*")
    return run


def test_a_study_runs_with_a_model_and_a_dataset_that_are_files_beside_it(finished, monkeypatch):
    assert {*pd.read_csv(run_of(finished) / "scores.csv")["arm"]} == {"ap/own", "lateral/own"}
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # whatever the tests are started with
    forget_plugin_files()
    load_file(finished / "own.py")
    assert not list(finished.glob("**/__pycache__")), "bytecode was left beside the user's files"


def test_a_changed_plugin_file_makes_new_units_and_says_so(folder):
    assert "0 to run" in typed(folder, "plan", "study.yaml").stdout
    (folder / "own.py").write_text(MODEL.replace("stride=4", "stride=2"))
    assert "changed: model.source" in typed(folder, "plan", "study.yaml").stdout


def test_a_changed_dataset_file_decodes_its_images_anew(folder):
    before = typed(folder, "plan", "study.yaml", "--json").stdout
    assert json.loads(typed(folder, "plan", "study.yaml", "--json").stdout) == json.loads(before)
    (folder / "data.py").write_text(DATASET.replace("image / 2", "image / 3"))
    assert typed(folder, "plan", "study.yaml", "--json").stdout != before


def patient(number):
    """The AP image of one patient of the dataset, as a file holds it."""
    image = np.random.default_rng([number, len("ap")]).random((32, 24), dtype=np.float32)
    image[8:16, 8:16] += number % 2
    return Image.fromarray((image * 127).astype(np.uint8))


@pytest.fixture
def elsewhere(tmp_path):
    """Another folder than that of the study, with an image like the study's."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    patient(1).save(place / "image.png")
    return place


def test_a_run_with_plugin_files_is_used_from_anywhere_with_the_code_that_it_was_made_with(folder, elsewhere):
    run, image = run_of(folder), elsewhere / "image.png"
    asked = ("predict", run, "--arm", "ap/own", image, "--json")
    before = json.loads(typed(elsewhere, *asked).stdout)
    assert 0 < before[0]["probability"] < 1
    (folder / "own.py").write_text("raise SystemExit(9)")  # the run keeps what it was made with
    assert json.loads(typed(elsewhere, *asked).stdout) == before
    typed(elsewhere, "export", run, "--arm", "ap/own", "--no-onnx", "--to", "exported")
    found = typed(elsewhere, "predict", "exported", image, "--json")
    assert json.loads(found.stdout) == before
    kept = elsewhere / "exported" / "plugins" / "own.py"
    kept.write_text(kept.read_text() + "# changed\n")
    refused = typed(elsewhere, "predict", "exported", image, expect=2)
    assert "plugins/own.py is not as it was exported" in refused.stderr


def test_what_is_exported_for_a_site_names_the_plugin_files_to_look_into(finished, elsewhere):
    typed(elsewhere, "export", run_of(finished), "--for-site", "--to", "exported")
    assert "look into own.py, data.py first" in (elsewhere / "exported" / "SITE.md").read_text()


def test_an_export_that_fails_leaves_nothing(folder):
    run = run_of(folder)
    (run / "plugins" / "data.py").unlink()
    typed(folder, "export", run, "--arm", "ap/own", "--to", "exported", expect=2)
    assert not [path for path in folder.iterdir() if "exported" in path.name]


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
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    found = typed(folder, "run", "study.yaml", "--set", "arms.views=[ap]", expect=None)
    assert found.exit_code in (1, 2)
    assert said in found.stderr + found.stdout
    assert "Traceback" not in found.stderr
    assert "'p0'" not in found.stderr


def test_verbose_shows_the_traceback_of_what_a_plugin_raised(folder, monkeypatch):
    (folder / "data.py").write_text(DATASET.replace("return pd.DataFrame(rows)", "return rows[0]['age']"))
    monkeypatch.setattr(logging.root, "handlers", [])  # as in a process of its own: pytest has some
    log = logging.getLogger("ovcf_bench")
    before = log.level
    try:
        found = typed(folder, "run", "study.yaml", "-v", expect=2)
    finally:
        log.setLevel(before)
    assert "Traceback" in found.stderr
    assert "KeyError: 'age'" in found.stderr


def test_a_watching_plugin_that_fails_is_named_once_and_the_study_goes_on(folder):
    watcher = "from ovcf_bench.api import hookimpl\n@hookimpl\ndef unit_event(event):\n    1 / 0\n"
    (folder / "watcher.py").write_text(watcher)
    (folder / "study.yaml").write_text(STUDY.replace("[./own.py", "[./watcher.py, ./own.py").replace(", lateral", ""))
    found = typed(folder, "run", "study.yaml", "--fresh")
    assert found.stderr.count("unit_event: ZeroDivisionError") == 1
    assert "2 units" in found.stderr


def plant(folder):
    """Write files that stop whoever imports them, called like modules of Python's that the server of jobs imports."""
    for name in ("random.py", "pickle.py"):
        (folder / name).write_text("raise SystemExit('planted')")


def test_the_server_of_jobs_imports_no_file_of_the_working_folder(tmp_path):
    # In another process: the server of this one runs already. The program lies elsewhere, as an installed one does.
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "one_job.py").write_text(ONE_JOB)
    plant(tmp_path)
    subprocess.run([sys.executable, tmp_path / "program" / "one_job.py"], cwd=tmp_path, check=True)


@pytest.mark.system
def test_a_file_called_like_a_module_of_python_stands_in_for_nothing(folder):
    plant(folder)
    program = Path(sys.executable).with_name("ovcf-bench")
    run = [program, "run", "study.yaml", "--fresh"]
    found = subprocess.run(
        run, cwd=folder, env={**os.environ, **Project(folder).environment}, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
