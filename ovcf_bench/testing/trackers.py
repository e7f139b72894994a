"""What a plugin must do that watches the training."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pluggy

from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import UnitEvent
from ovcf_bench.testing.checks import Check

_ARM = "ap/made_up_by_plugins_test"
_EPOCHS = 2


def tracker_checks(name: str, hook: pluggy.HookImpl) -> list[Check]:
    """Return the checks of a plugin that implements `unit_event`, told of units that nobody trained."""
    contracts = (
        ("unit that ends", "unit_event() takes start, steps, epochs and end of a unit, and raises nothing", _ENDS),
        ("unit that fails", "unit_event() takes start and failure of a unit, and raises nothing", _FAILS),
    )
    return [
        Check(f"tracker {name!r}", title, contract, partial(_tell, name, hook, events), hook.function, told=True)
        for title, contract, events in contracts
    ]


def _tell(name: str, hook: pluggy.HookImpl, events: Sequence[UnitEvent]) -> str:
    """Tell a plugin what happens, as a run does; return how much it was told."""
    function: Callable[..., Any] = hook.function
    # What it writes beside the study must not be taken for results: the folder goes when it was told everything.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.chdir(folder):
        for event in events:
            with calling(f"tracker {name!r}", function, f"kind {event.kind!r}"):
                function(*[event for _ in hook.argnames])  # a hook may leave the argument out
    return f"{len(events)} events"


def _event(kind: Any, fold: int, **values: float | str) -> UnitEvent:
    said = {"kind": kind, **values} if kind in ("step", "epoch") else values  # as units report them
    return UnitEvent(kind, _ARM, 0, fold, said)


def _epoch(epoch: int) -> UnitEvent:
    measured = {"loss": 0.7 / epoch, "learning_rate": 1e-3, "images_per_second": 90.0}
    return _event("epoch", 0, epoch=epoch, epochs=_EPOCHS, **measured)


_ENDS = (
    _event("start", 0),
    _event("step", 0, done=0.1, loss=0.7),
    *map(_epoch, range(1, _EPOCHS + 1)),
    _event("end", 0),
)
_FAILS = (_event("start", 1), _event("failed", 1, reason="made up: its process was ended"))
