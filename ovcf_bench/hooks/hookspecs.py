"""Every way in which a plugin meets the core: two hooks that register, one that observes.

A plugin is a module named by an entry point of the group `ovcf_bench`. Plugins are imported when the
command line starts: import heavy libraries (torch, pandas, timm) inside functions.
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from ovcf_bench.hooks.contracts import DatasetPlugin, ModelPlugin, UnitEvent

PROJECT = "ovcf_bench"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Stands above a function of a plugin that is the hook of its name: `@hookimpl`."""


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
    """Watch the training: called for every start, step, epoch, end and failure of a unit.

    The calls come one after another from one thread of the main process, beside the training: a slow plugin delays
    no unit. One that raises is named and not called again. The plugin may be a package, or a single file that a study
    names under `plugins`.

    | `event.kind` | When | Keys of `event.values` |
    |---|---|---|
    | `start` | the unit is handed to a process, again after a stop | none |
    | `step` | now and then within an epoch | `kind`, `done` (share of the unit, 0 to 1), `loss` |
    | `epoch` | an epoch is finished | `kind`, `epoch` (from 1), `epochs`, `loss` (mean), `images_per_second` |
    | `end` | the unit is finished | none |
    | `failed` | the unit ended without scores | `reason` |

    Of networks that the core trains, `epoch` holds `learning_rate` as well, and `tuning_loss` and `tuning_auroc` where
    the checkpoint is chosen by images (`training.checkpoint`). A model with `fit` decides itself which steps and epochs
    are told, and may add keys (`FitContext.report`). An arm that combines scores has no steps and epochs; scores that
    exist already are no units. `event.fold` and `event.repeat` count from 0, where screens and reports say fold 1.
    """
