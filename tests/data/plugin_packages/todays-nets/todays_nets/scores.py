"""Models that are no networks: one is fitted, one combines scores, one lists scores that exist."""

import json

import numpy as np

from ovcf_bench.api import ModelPlugin, Params, PluginError, Problem, UnitError, hookimpl


class Brightest:
    def __init__(self, limit):
        self.limit = limit

    def scores(self, pixels):
        images = pixels[np.arange(pixels.shape[0])]  # (n, n_views, height, width) uint16
        brightest = images.reshape(len(images), -1).max(axis=1) / 65535
        return (20 * (brightest - self.limit)).astype(np.float32)[:, None]  # (n, 1) logits

    def save(self, folder):
        (folder / "limit.json").write_text(json.dumps(self.limit))


def fit(params, train, tune, context):
    if len(np.unique(train.labels[:, 0])) < 2:
        raise UnitError(Problem("training", "all labels are alike", "Use fewer folds or more patients."))
    images = train.pixels[np.arange(train.pixels.shape[0])]
    brightest = images.reshape(len(images), -1).max(axis=1) / 65535
    context.report({"kind": "epoch", "epoch": 1, "epochs": 1, "loss": 0.7, "images_per_second": 90.0})
    return Brightest(float(np.median(brightest)))


def load(params, folder, context):
    return Brightest(json.loads((folder / "limit.json").read_text()))


class HighestParams(Params):
    of: str  # the study's name of the model whose scores are combined


class Highest:
    def __init__(self, middles):
        self.middles = middles

    def scores(self, logits):
        return (logits - self.middles).max(axis=1, keepdims=True).astype(np.float32)  # (n, n_views) -> (n, 1)

    def save(self, folder):
        (folder / "rule.json").write_text(json.dumps(list(self.middles)))


def fuse(params, logits, labels):
    return Highest(np.median(logits, axis=0))


def load_rule(params, folder, context):
    return Highest(np.array(json.loads((folder / "rule.json").read_text())))


def fuses(params):
    return params.of


class FromJsonParams(Params):
    path: str  # of the file, from the folder of the study


def listed(params, folder, views):
    import pandas as pd

    try:
        scores = json.loads((folder / params.path).read_text("utf-8"))["+".join(views)]
    except (OSError, ValueError, KeyError) as error:
        found = f"{params.path!r} cannot be read ({type(error).__name__})"
        raise PluginError(Problem("model 'todays_json'", found, "It holds {VIEW: {EXAM: SCORE}}.")) from error
    return pd.DataFrame({"exam_id": list(scores), "reader": "", "score": list(scores.values())})


@hookimpl
def register_models(register):
    register(ModelPlugin(name="todays_brightest", params=Params, summary="The brightest pixel", fit=fit, load=load))
    register(
        ModelPlugin(
            name="todays_highest",
            params=HighestParams,
            summary="The highest logit",
            fuse=fuse,
            fuses=fuses,
            load=load_rule,
        )
    )
    register(ModelPlugin(name="todays_json", params=FromJsonParams, summary="Scores of a JSON file", listed=listed))
