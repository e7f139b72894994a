"""Every way in which a plugin meets the core: two hooks that register, one that observes.

A plugin is a module named by an entry point of the group `ovcf_bench`. Plugins are imported when the
command line starts: import heavy libraries (torch, pandas, timm) inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ovcf_bench.api import DatasetPlugin, ModelPlugin, UnitEvent

PROJECT = "ovcf_bench"
API_VERSION = 1  # a plugin names the versions it supports; stable until this number is raised

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Announce datasets: call `register(DatasetPlugin(...))` once for each.

    Example: `register(DatasetPlugin(name="my_hospital", params=MyParams, summary="...", open=open_dataset))`.
    """


@hookspec
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Announce models: call `register(ModelPlugin(...))` once for each.

    Example: `register(ModelPlugin(name="my_net", params=MyParams, summary="...", build=build_network))`.
    """


@hookspec
def unit_event(event: UnitEvent) -> None:
    """Watch the training: called for every start, epoch, end and failure of a unit.

    The calls come one after another from one thread of the main process, beside the training: a slow plugin delays
    no unit. One that raises is named and not called again.
    """
