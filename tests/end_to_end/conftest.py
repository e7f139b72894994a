"""A tiny phantom study run through the installed command. Needs nothing of the source tree.

`make test-wheel` copies this folder elsewhere and runs it against the wheel; a run of the tree leaves it out.
"""

import csv
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock  # torch needs it as well

BIN = str(Path(sys.executable).with_name("ovcf-bench"))


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("system")


STUDY = """\
schema: 1
title: Tiny study <script>alert(1)</script>
question: Does the whole way work?
seed: 7
cohorts:
  hospital: {dataset: phantom, params: {patients: 100, ineligible: 12, seed: 7, height: 64}}
  external: {dataset: phantom, params: {patients: 30, site: B, seed: 7, height: 64}}
eligibility:
  - {cohort: hospital, drop: {column: days_to_mri, above: 7}, reason: MRI to X-ray over 7 days}
  - {cohort: hospital, drop: {column: refracture, equals: 1}, reason: Refracture}
  - {cohort: hospital, drop: {column: previous_surgery, equals: 1}, reason: Previous surgery}
  - {cohort: hospital, drop: {column: severe_scoliosis, equals: 1}, reason: Severe scoliosis}
  - {cohort: hospital, drop: {column: unclear_history, equals: 1}, reason: Unclear history}
covariates: [age, sex]
splits:
  development: {from: hospital, positives: 30, negatives: 30}
  internal: {from: hospital}
  external: {from: external}
  folds: 2
models:
  tiny: {model: timm, params: {architecture: test_resnet, arguments: {stem_width: 8, channels: [8, 8, 8, 8]}}}
arms: {views: [ap, lateral]}
training:
  image_size: [64, 40]
  epochs: 3
  batch_size: 16
  precision: float32
  optimizer: {learning_rate: 1e-3}
  augmentation: {flip: 0.5, rotation: 5}
comparisons:
  - {id: ap_vs_lateral, a: ap, b: lateral, claim: noninferiority, margin: 0.05}
primary: {set: internal, comparison: ap_vs_lateral}
"""


@dataclass(frozen=True)
class Project:
    """A project folder with key and caches of its own."""

    home: Path

    @property
    def environment(self):
        folders = {"XDG_CONFIG_HOME": self.home / "config", "XDG_CACHE_HOME": self.home / "cache", "HOME": self.home}
        return {**os.environ, **{name: str(path) for name, path in folders.items()}, "COLUMNS": "200"}

    def command(self, *arguments, expect=0):
        """Run the installed command here and to its end; `expect` None: any exit code."""
        found = subprocess.run(
            [BIN, *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert expect is None or found.returncode == expect, found.stdout + found.stderr
        return found

    def start(self, *arguments):
        """Start the installed command here, in a session of its own, and go on."""
        return subprocess.Popen(
            [BIN, *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell that runs tests in the background has SIGINT ignored, and processes inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run_folder(self, runs="reports/runs"):
        """The only complete run folder below `runs`."""
        (folder,) = [each for each in (self.home / runs).iterdir() if (each / "scores.csv").exists()]
        return folder

    def contents(self, folder="."):
        """The bytes of every file below `folder`, by path."""
        files = sorted(path for path in (self.home / folder).rglob("*") if path.is_file())
        return {path.relative_to(self.home): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def study_text():
    return STUDY


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project in which the tiny study has been run with two workers; not to be changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share one: who comes second waits for the first
        shared = shared.parent
    project = Project(shared / "finished")
    with FileLock(shared / "finished.lock"):
        if not (project.home / "done").exists():
            project.home.mkdir()
            (project.home / "tiny.yaml").write_text(STUDY)
            project.command("run", "tiny.yaml", "--workers", "2")
            (project.home / "done").touch()
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project that a test may change."""
    shutil.copytree(finished.home, tmp_path / "project")
    return Project(tmp_path / "project")


JOINT = """\
schema: 1
title: Both views at once
cohorts: {home: {dataset: phantom, params: {patients: 60, height: 96, seed: 5}}}
splits: {development: {from: home, positives: 20, negatives: 20}, internal: {from: home}, folds: 2}
models:
  simple: {model: simple_features}
  mean: {model: late_fusion, params: {of: simple}}
  learned: {model: late_fusion, params: {of: simple, rule: learned}}
arms:
  views: [ap, lateral]
  models: [simple]
  include:
    - {views: [ap, lateral], model: simple}
    - {views: [ap, lateral], model: mean}
    - {views: [ap, lateral], model: learned}
training: {image_size: [64, 40], precision: float32}
comparisons: [{id: both, a: ap+lateral/mean, b: lateral/simple}]
"""


@pytest.fixture(scope="session")
def joint(tmp_path_factory):
    """A run whose arms read or join two views, and its test images in a folder for each view, named after exams."""
    project = Project(tmp_path_factory.mktemp("joint"))
    home = project.home
    (home / "joint.yaml").write_text(JOINT)
    project.command("run", "joint.yaml", "--runs", "runs")
    project.command("data", "export", "joint.yaml", "--to", "images", "--format", "dicom")
    (run,) = (home / "runs").glob("joint-*")
    with (home / "images/home/manifest.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    with (run / "scores.csv").open(newline="") as file:
        tested = {row["exam_id"] for row in csv.DictReader(file) if row["set"] == "internal"}
    for row in listed:
        if row["exam_id"] in tested:
            (home / row["view"]).mkdir(exist_ok=True)
            shutil.copyfile(home / "images/home" / row["path"], home / row["view"] / f"{row['exam_id']}.dcm")
    return project, run.relative_to(home)
