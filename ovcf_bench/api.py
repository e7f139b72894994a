"""Everything a plugin author imports, and nothing else.

    from ovcf_bench.api import DatasetPlugin, ModelPlugin, Params, hookimpl

A dataset says which exams exist and how one image is read. A model says how a network is built (the core
trains it), or how something else is fitted. The core does the rest: eligibility, splits, caching, training,
scoring, statistics and the report.
"""

from ovcf_bench.errors import BenchError, DataError, PluginError, Problem, UnitError, did_you_mean, one_of
from ovcf_bench.hooks.contracts import (
    API_VERSION,
    BuildContext,
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
    Progress,
    UnitEvent,
    is_reserved,
    silent,
)
from ovcf_bench.hooks.hookspecs import hookimpl
from ovcf_bench.torchvision_compat import ensure_torchvision
from ovcf_bench.vocabulary import EXAM_COLUMNS

__all__ = [
    "API_VERSION", "EXAM_COLUMNS", "BenchError", "BuildContext", "DataError", "Dataset", "DatasetPlugin",
    "FitContext", "Fitted", "Fuser", "Images", "Locates", "ModelPlugin", "Params", "Pixels", "PluginError", "Problem",
    "Progress", "UnitError", "UnitEvent", "did_you_mean", "ensure_torchvision", "hookimpl", "is_reserved", "one_of",
    "silent",
]  # fmt: skip
