"""A plugin that was changed makes new units and new pixels, wherever in its package the change stands."""

import os
import shutil
import subprocess
import sys
from functools import partial
from itertools import pairwise

import pytest
from places import ROOT
from tiny import Project

from ovcf_bench.provenance import source_digest

PACKAGE = {
    "planted_hospital/__init__.py": "",
    "planted_hospital/constants.py": "BRIGHTER = 0\n",
    "planted_hospital/models/__init__.py": "",
    "planted_hospital/models/net.py": """
import json
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl
from planted_hospital.constants import BRIGHTER

class Mean:
    def scores(self, pixels):
        images = pixels[np.arange(pixels.shape[0])]
        return (images.reshape(len(images), -1).mean(axis=1) / 65535 + BRIGHTER).astype(np.float32)[:, None]

    def save(self, folder):
        (folder / "mean.json").write_text("{}")

def fit(params, train, tune, context):
    return Mean()

def load(params, folder, context):
    return Mean()

@hookimpl
def register_models(register):
    register(ModelPlugin(name="planted_mean", params=Params, summary="Mean", fit=fit, load=load))
""",
    "planted_hospital/data/__init__.py": "",
    "planted_hospital/data/images.py": """
import numpy as np
import pandas as pd
from ovcf_bench.api import DatasetPlugin, Params, hookimpl
from planted_hospital.constants import BRIGHTER

class Images:
    def exams(self, progress=None):
        rows = [(f"p{number}", view, number % 2) for number in range(40) for view in ("ap", "lateral")]
        table = pd.DataFrame(rows, columns=["patient_id", "view", "label"])
        return table.assign(exam_id=table.patient_id, image_id=table.patient_id + table["view"], site="a", source="")

    def read(self, row):
        seed = int(row["patient_id"][1:]) + 1000 * (row["view"] == "ap")
        return (np.random.default_rng(seed).integers(0, 60000, (40, 30)) + 100 * BRIGHTER).astype(np.uint16)

    def fingerprint(self, row):
        return row["image_id"]

def open_images(params, folder):
    return Images()

@hookimpl
def register_datasets(register):
    register(DatasetPlugin(name="planted_images", params=Params, summary="Noise", open=open_images))
""",
    "planted_hospital-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: planted-hospital\nVersion: 1.0\n",
    "planted_hospital-1.0.dist-info/entry_points.txt": (
        "[ovcf_bench]\nplanted_net = planted_hospital.models.net\nplanted_images = planted_hospital.data.images\n"
    ),
}
STUDY = """\
schema: 1
title: Planted
cohorts: {home: {dataset: planted_images}}
splits: {development: {from: home, positives: 10, negatives: 10}, internal: {from: home}, folds: 2}
models: {mean: {model: planted_mean}}
arms: {views: [ap]}
training: {image_size: [40, 30], precision: float32}
checks: {shortcuts: "off"}
report: {images: none}
"""


@pytest.fixture
def hospital(tmp_path, monkeypatch):
    """A package as pip would have installed it, on the path of this process and of every one that it starts."""
    for name, text in PACKAGE.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "study.yaml").write_text(STUDY)
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path
    forget_hospital()


def forget_hospital():
    """Leave nothing of the package imported, as in a process that has just begun."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "planted_hospital"]:
        del sys.modules[name]


def command(folder, *arguments):
    forget_hospital()
    return Project(folder).command(*arguments).stdout


def change(folder):
    # Of another length: the bytecode of a file that was written within the same second is told by that alone.
    (folder / "site" / "planted_hospital" / "constants.py").write_text("BRIGHTER = 7.0\n")


def logits(folder):
    (run,) = (folder / "reports" / "runs").glob("study-*")
    return [line.rsplit(",", 1)[1] for line in (run / "scores.csv").read_text().splitlines()[1:]]


def test_a_constant_above_the_hooks_own_folder_makes_new_scores(hospital):
    command(hospital, "run", "study.yaml")
    before = logits(hospital)
    assert "0 to run" in command(hospital, "plan", "study.yaml")
    change(hospital)
    assert "2 to run" in command(hospital, "plan", "study.yaml")
    command(hospital, "run", "study.yaml")
    assert all(a != b for a, b in zip(before, logits(hospital), strict=True) if a)


def test_pixels_that_a_changed_package_reads_are_decoded_again(hospital):
    (hospital / "study.yaml").write_text(STUDY.replace("planted_mean", "simple_features"))
    command(hospital, "run", "study.yaml")
    change(hospital)
    assert "2 to run" in command(hospital, "plan", "study.yaml")


def test_functions_that_are_wrapped_have_the_source_of_what_they_wrap():
    assert source_digest(partial(source_digest)) == source_digest(source_digest) != ""


def test_a_bundled_plugin_counts_with_what_it_imports_and_with_nothing_else(tmp_path):
    shutil.copytree(ROOT / "plugins" / "ovcf_plugins", tmp_path / "ovcf_plugins")
    code = (
        "from ovcf_bench.provenance import source_digest as digest\n"
        "from ovcf_plugins.models import late_fusion, simple_features\n"
        "from ovcf_plugins.models.timm_networks import linear_probe, single\n"
        "print(*(digest(each) for each in (late_fusion.fuse, simple_features.fit, linear_probe.fit, single.build)))\n"
    )

    def digests():
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        run = [sys.executable, "-c", code]
        return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.split()

    def change(name):
        path = tmp_path / "ovcf_plugins" / "models" / name
        path.write_text(path.read_text() + "\nCHANGED = True\n")

    seen = [digests()]
    for name in ("linear.py", "timm_networks/backbones.py", "readers.py"):
        change(name)
        seen.append(digests())
    changes = [[a != b for a, b in zip(*pair, strict=True)] for pair in pairwise(seen)]
    assert changes == [[True, True, True, False], [False, False, True, True], [False, False, False, False]]
