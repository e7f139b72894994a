"""A study of images in folders with a model of its own, run once; what predicts, exports and validates asks it.

Its images are dark where others are bright, its model saves in folders, and every place in it is absolute: what leaves
must keep the first two and show nothing of the third.
"""

import os

import numpy as np
import pytest
from filelock import FileLock  # torch needs it as well
from PIL import Image
from tiny import Project

STUDY = """
schema: 1
title: Folders
plugins: [PLUGIN]
cohorts:
  home:
    dataset: image_folder
    params:
      root: ROOT
      views: {ap: ap, lateral: lateral}
      positive: fracture
      negative: normal
      patient: '(?P<patient>[a-z0-9]+)'
      inverted: true
eligibility:
  - {drop: {column: patient_id, equals: p7}, reason: "p7 withdrew"}
splits: {development: {from: home, positives: 15, negatives: 15}, internal: {from: home}, folds: 2}
models: {parts: {model: parts}}
arms: {views: [ap, [ap, lateral]]}
training: {image_size: [32, 24], precision: float32}
report: {images: none}
"""
PLUGIN = """
import json
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl

class Mean:
    def __init__(self, limit):
        self.limit = limit

    def scores(self, pixels):
        images = pixels[np.arange(pixels.shape[0])]
        return (9 * (images.reshape(len(images), -1).mean(axis=1) / 65535 - self.limit)).astype(np.float32)[:, None]

    def save(self, folder):
        (folder / "inside").mkdir(exist_ok=True)
        (folder / "inside" / "limit.json").write_text(json.dumps(self.limit))

def fit(params, train, tune, context):
    images = train.pixels[np.arange(train.pixels.shape[0])]
    return Mean(float(images.mean() / 65535))

def load(params, folder, context):
    return Mean(json.loads((folder / "inside" / "limit.json").read_text()))

@hookimpl
def register_models(register):
    register(ModelPlugin(name="parts", params=Params, summary="Mean", fit=fit, load=load))
"""


def draw_images(root, patients=50, seed=4):
    """Dark bone: the images of the study are inverted."""
    random = np.random.default_rng(seed)
    for number in range(patients):
        label = "fracture" if number % 2 else "normal"
        for view in ("ap", "lateral"):
            image = 70 + 8 * (number % 2) + random.normal(0, 12, (32, 24)) + np.linspace(0, 60, 24)
            path = root / view / label / f"p{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(path)


def written(project, change=lambda text: text):
    """Write the study of the images that lie in the project; return it with what every step takes."""
    plugin, images = project.home / "code" / "parts.py", project.home / "images"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(PLUGIN)
    text = change(STUDY).replace("PLUGIN", str(plugin)).replace("ROOT", str(images))
    (project.home / "folders.yaml").write_text(text)
    return project.opened("folders.yaml")


@pytest.fixture(scope="session")
def folders(tmp_path_factory, server):
    """The project of the study of folders, in which it has been run; for reading only."""
    from ovcf_bench.data import Silent
    from ovcf_bench.runner import run_study

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share one: who comes second waits for the first
        shared = shared.parent
    project = Project(shared / "folders")
    with FileLock(shared / "folders.lock"):
        if not (shared / "folders.done").exists():
            project.home.mkdir()
            draw_images(project.home / "images")
            assert not run_study(*written(project), Silent()).failed
            (shared / "folders.done").touch()
    return project


@pytest.fixture(scope="session")
def run(folders):
    """Its run folder; the images lie in `run.parents[2] / "images"`."""
    (folder,) = folders.home.glob("reports/runs/folders-*")
    return folder
