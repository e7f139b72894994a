"""Whether what a model says of itself can be shown."""

from __future__ import annotations

import json

from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import ModelPlugin, Params
from ovcf_bench.testing.checks import ContractError, in_one_line

CONTRACT = ("facts", "check() and describe() give problems and plain facts")


def facts(plugin: ModelPlugin, params: Params) -> str:
    """Return the problems that `check` names, or the facts of `describe`. Raises ContractError for facts not plain."""
    name = f"model {plugin.name!r}"
    if plugin.check is not None:
        with calling(name, plugin.check):
            problems = list(plugin.check(params))
        if problems:
            return f"check says: {in_one_line(problems[0])}"
    if plugin.describe is None:
        return "no describe: the report tells its class and number of parameters"
    with calling(name, plugin.describe):
        found = dict(plugin.describe(params))
    try:
        return json.dumps(found)
    except TypeError as error:
        raise ContractError(
            f"describe returns what JSON cannot hold ({error})", "Return texts and numbers only."
        ) from error
