"""A study whose model and dataset are files beside it: the smallest that train a network."""

import sys

from tiny import Project

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


def write_own_plugins(folder):
    """Write study.yaml, own.py and data.py."""
    for name, text in {"study.yaml": STUDY, "own.py": MODEL, "data.py": DATASET}.items():
        (folder / name).write_text(text)


def forget_plugin_files():
    """Leave no plugin file loaded, as in a process that has just begun."""
    for name in [name for name in sys.modules if name.startswith("ovcf_plugin_file_")]:
        del sys.modules[name]


def typed(folder, *arguments, expect=0):
    """Run a command in a folder, as in a process that has just begun; `expect` None: any exit code."""
    forget_plugin_files()
    return Project(folder).command(*arguments, expect=expect)
