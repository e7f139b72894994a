"""What the tests of an author make by hand: every dataclass of the API, by place and by name."""

import numpy as np

from ovcf_bench.api import (
    API_VERSION,
    EXAM_COLUMNS,
    BenchError,
    BuildContext,
    DataError,
    Dataset,
    DatasetPlugin,
    FitContext,
    Fitted,
    Fuser,
    Images,
    Locates,
    ModelPlugin,
    Params,
    Pixels,
    PluginError,
    Problem,
    Progress,
    UnitError,
    UnitEvent,
    did_you_mean,
    ensure_torchvision,
    hookimpl,
    is_reserved,
    one_of,
    silent,
)
from ovcf_bench.testing import Check, ContractError, NotApplicable, plugin_checks

CONSTANTS = (API_VERSION, EXAM_COLUMNS)
FUNCTIONS = (did_you_mean, ensure_torchvision, hookimpl, is_reserved, one_of, silent)
PROTOCOLS = (Dataset, Fitted, Fuser, Locates, Pixels, Progress)
TESTING = (Check, ContractError, NotApplicable)


def open_nothing(params, folder):
    raise DataError(Problem("nothing", "is here"))


def read_file(params, path):
    return np.zeros((4, 3), dtype=np.uint8)


def build(params, context):
    raise PluginError("builds nothing")


def check(params):
    return [Problem("a model", "builds nothing")]


def describe(params):
    return {"weights": "none"}


def dataset_plugins():
    """Return one by place, one by name, one with the least that there must be."""
    return (
        DatasetPlugin(
            "mine", Params, "said", open_nothing, (1,), ("PIL",), "extra", True, False, read_file, "the card"
        ),
        DatasetPlugin(
            name="mine",
            params=Params,
            summary="said",
            open=open_nothing,
            api=(1,),
            requires=("PIL",),
            extra="extra",
            synthetic=True,
            pixels=False,
            read_file=read_file,
            card="the card",
        ),
        DatasetPlugin("mine", Params, "said", open_nothing),
    )


def model_plugins():
    """Return one by place, one by name, one with the least that there must be."""
    return (
        ModelPlugin(
            "mine", Params, "said", build, None, None, None, None, None, check, describe, (1,), ("torch",), "extra"
        ),
        ModelPlugin(
            name="mine",
            params=Params,
            summary="said",
            build=build,
            fit=None,
            load=None,
            fuse=None,
            fuses=None,
            listed=None,
            check=check,
            describe=describe,
            api=(1,),
            requires=("torch",),
            extra="extra",
        ),
        ModelPlugin("mine", Params, "said", build),
    )


def build_contexts():
    """Return one by place, one by name, one with the least that there must be."""
    return (
        BuildContext(("ap", "lateral"), 64, 48, 1, False),
        BuildContext(views=("ap", "lateral"), height=64, width=48, n_targets=1, pretrained=False),
        BuildContext(("ap", "lateral"), 64, 48),
    )


def images():
    """Return two, by place and by name."""
    pixels, labels = np.zeros((2, 1, 4, 3), dtype=np.uint16), np.array([[0], [1]], dtype=np.uint8)
    return Images(pixels, labels), Images(pixels=pixels, labels=labels)


def fit_contexts(folder, report):
    """Return one by place, one by name, one with the least that there must be."""
    build = BuildContext(("ap",), 64, 48)
    return (
        FitContext(build, 7, "cpu", 1, folder, report, folder),
        FitContext(build=build, seed=7, device="cpu", threads=1, folder=folder, report=report, shared=folder),
        FitContext(build, 7, "cpu", 1, folder, report),
    )


def events():
    """Return one by place, one by name, one with the least that there must be."""
    values = {"kind": "epoch", "epoch": 1, "epochs": 2, "loss": 0.7, "images_per_second": 90.0}
    return (
        UnitEvent("epoch", "ap/net", 0, 1, values),
        UnitEvent(kind="epoch", arm="ap/net", repeat=0, fold=1, values=values),
        UnitEvent("start", "ap/net", 0, 1),
    )


def problems():
    """Return one by place, one by name, one with the least that there must be."""
    return (
        Problem("here", "found", "allowed", "trace"),
        Problem(where="here", found="found", allowed="allowed", trace="trace"),
        Problem("here", "found"),
    )


def errors():
    """Return one of each kind, of a text and of several problems."""
    kinds = (BenchError, DataError, PluginError, UnitError)
    return [kind("a text") for kind in kinds] + [kind(*problems()) for kind in kinds]


def checks(name, params, folder):
    """Return the checks of one of the plugins, on small images."""
    return plugin_checks(name, params, folder=folder, image_size=(32, 24))
