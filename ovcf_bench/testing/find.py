"""From the name of a plugin, or the path of a plugin file, to its checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ovcf_bench import registry
from ovcf_bench.api import DatasetPlugin, ModelPlugin
from ovcf_bench.errors import PluginError, Problem, one_of
from ovcf_bench.study import read_params
from ovcf_bench.testing.checks import Check
from ovcf_bench.testing.datasets import dataset_checks
from ovcf_bench.testing.models import SIZE, model_checks


def plugin_checks(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    image_size: tuple[int, int] = SIZE,
) -> list[Check]:
    """Return the checks of an installed plugin, or of all plugins in a file (a name that ends in .py).

    params : the plugin's parameters, as a study gives them; folder : where their relative paths start (default: the
    current one); image_size : height and width in pixels of the images that models are tried on. Raises PluginError
    when there is no such plugin or the parameters are not its own.
    """
    checks: list[Check] = []
    for plugin in _named(name):
        settled = read_params(plugin.params, params or {}, f"plugin {plugin.name!r}")
        if isinstance(plugin, DatasetPlugin):
            checks += dataset_checks(plugin, settled, folder or Path())
        else:
            checks += model_checks(plugin, settled, image_size)
    return checks


def _named(name: str) -> list[DatasetPlugin | ModelPlugin]:
    if name.endswith(".py"):
        found = registry.load([], [Path(name)])
        return [each.plugin for group in (found.datasets, found.models) for each in group.values()]
    found = registry.load()
    plugins: list[DatasetPlugin | ModelPlugin] = []
    if name in found.datasets:
        plugins.append(found.dataset(name))
    if name in found.models:
        plugins.append(found.model(name))
    if not plugins:
        if own := [problem for problem in found.problems if problem.where.startswith(f"plugin {name!r} ")]:
            raise PluginError(*own)
        file = Path(f"{name}.py")
        known = f"Did you mean ./{file}?" if file.is_file() else one_of(name, [*found.datasets, *found.models])
        raise PluginError(*found.problems, Problem("plugin", f"{name!r} is not installed", known))
    return plugins
