"""Study files: read, checked and resolved."""

from ovcf_bench.study.json_schema import json_schema
from ovcf_bench.study.load import ParamsModels, Study, load_study, parse, plugin_files, read_lock
from ovcf_bench.study.shape import read_assignments, read_params
from ovcf_bench.study.sharing import for_others

__all__ = [
    "ParamsModels",
    "Study",
    "for_others",
    "json_schema",
    "load_study",
    "parse",
    "plugin_files",
    "read_assignments",
    "read_lock",
    "read_params",
]
