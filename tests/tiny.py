"""One small study with an arm of every kind, run once by the command; tests that need a run read this one.

What a test changes, it changes in a copy: the store comes along, so nothing is trained again.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from filelock import FileLock  # torch needs it as well

STUDY = """\
schema: 1
title: Tiny study
question: Does the whole way work?
seed: 7
cohorts:
  home: {dataset: phantom, params: {patients: 80, ineligible: 6, height: 64, seed: 5}}
eligibility:
  - {cohort: home, drop: {column: days_to_mri, above: 7}, reason: MRI to X-ray over 7 days}
covariates: [age, sex]
splits: {development: {from: home, positives: 20, negatives: 20}, internal: {from: home}, folds: 2}
models:
  net: {model: timm, params: {architecture: test_resnet, arguments: {stem_width: 8, channels: [8, 8, 8, 8]}}}
  simple: {model: simple_features, params: {rows: 6, columns: 4}}
  people: {model: readers, params: {path: ratings.csv}}
  mean: {model: late_fusion, params: {of: simple}}
  learned: {model: late_fusion, params: {of: simple, rule: learned}}
arms:
  views: [ap, lateral]
  models: [net, simple]
  include:
    - {views: [ap], model: people}
    - {views: [ap, lateral], model: simple}
    - {views: [ap, lateral], model: mean}
    - {views: [ap, lateral], model: learned}
training:
  image_size: [64, 40]
  epochs: 2
  batch_size: 16
  precision: float32
  optimizer: {learning_rate: 1e-3}
comparisons:
  - {id: ap_vs_lateral, a: ap/net, b: lateral/net, claim: noninferiority, margin: 0.05}
  - {id: net_vs_people, a: ap/net, b: ap/people}
primary: {set: internal, comparison: ap_vs_lateral}
"""


class Program:
    """The whole command line for click's runner, which by itself knows neither our exit codes nor our messages."""

    name = "ovcf-bench"

    def main(self, args, prog_name):
        from ovcf_bench.cli.main import main

        before = sys.argv
        sys.argv = [prog_name, *args]
        try:
            main()
        finally:
            sys.argv = before


@dataclass(frozen=True)
class Project:
    """A project folder with key, cache and runs of its own."""

    home: Path

    @property
    def environment(self):
        """What keeps a program that is started here away from the user's own folders."""
        places = {"XDG_CONFIG_HOME": self.home / "config", "XDG_CACHE_HOME": self.home / "cache"}
        return {**{name: str(path) for name, path in places.items()}, "COLUMNS": "200"}

    @property
    def run(self):
        """The folder of the study as it was run first."""
        (folder,) = (self.home / "reports" / "runs").glob("tiny-*")
        return folder

    def contents(self, folder="."):
        """The bytes of every file below `folder`, by path."""
        files = sorted(path for path in (self.home / folder).rglob("*") if path.is_file())
        return {path.relative_to(self.home): path.read_bytes() for path in files}

    def opened(self, file="tiny.yaml", *overrides):
        """Study, plugins and options, as a command that is typed here has them."""
        from ovcf_bench.cli.options import open_study
        from ovcf_bench.data import Options
        from ovcf_bench.images import ImageCache

        cache = ImageCache(self.home / "cache" / "ovcf-bench" / "images", 10**9)
        key = self.home / "config" / "ovcf-bench" / "pseudonym.key"
        if not key.exists():  # no command has been run here yet
            key.parent.mkdir(parents=True)
            key.write_text("ab" * 32)
            key.chmod(0o600)
        options = Options(runs=self.home / "reports" / "runs", cache=cache, key=key)
        return *open_study(self.home / file, overrides=overrides), options

    def command(self, *arguments, expect=0):
        """Run a command in this process, as if typed here; return what it gives. `expect` None: any exit code."""
        before = Path.cwd()
        os.chdir(self.home)
        try:
            done = CliRunner(env=self.environment).invoke(Program(), [str(each) for each in arguments])
        finally:
            os.chdir(before)
        assert expect is None or done.exit_code == expect, done.output
        return done


def write_ratings(home):
    """One person who has rated every exam of the phantom in the view ap, and knows the truth most of the time."""
    from ovcf_bench.cli.options import open_study

    study, plugins = open_study(home / "tiny.yaml")
    exams = plugins.dataset("phantom").open(study.document.cohorts["home"].params, home).exams()
    rated = exams[exams["view"] == "ap"][["exam_id", "view", "label"]].copy()
    generator = np.random.default_rng(8)
    rated["score"] = np.clip(rated.pop("label") * 2 + generator.integers(1, 5, len(rated)), 1, 5)
    rated.to_csv(home / "ratings.csv", index=False)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, server):
    """The project in which the tiny study has been run; for reading only."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share one: who comes second waits for the first
        shared = shared.parent
    project = Project(shared / "tiny")
    with FileLock(shared / "tiny.lock"):
        if not (shared / "tiny.done").exists():
            project.home.mkdir()
            (project.home / "tiny.yaml").write_text(STUDY)
            write_ratings(project.home)
            project.command("run", "tiny.yaml", "--workers", "2")
            (shared / "tiny.done").touch()
    return project


@pytest.fixture
def project(tiny, tmp_path):
    """A copy of the tiny project that a test may change."""
    shutil.copytree(tiny.home, tmp_path / "project")
    return Project(tmp_path / "project")
