"""Tells the plugins that watch units what happens, beside the run: a slow one delays no unit."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from types import TracebackType

from ovcf_bench.data.settings import Watch
from ovcf_bench.errors import Problem
from ovcf_bench.hooks.contracts import UnitEvent
from ovcf_bench.hooks.registry import Registry

_PATIENCE = 60.0  # seconds that plugins may still write after the last unit


class Watchers:
    """Every plugin with the hook `unit_event`, told in the order of events by one thread.

    What one of them fails with is said through `watch`, in the thread that tells.
    """

    def __init__(self, registry: Registry, watch: Watch, patience: float = _PATIENCE) -> None:
        self._registry, self._watch, self._patience = registry, watch, patience
        self._events: SimpleQueue[UnitEvent | None] = SimpleQueue()
        self._problems: SimpleQueue[Problem] = SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="unit_event", daemon=True)

    def __enter__(self) -> Watchers:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._events.put(None)
        self._thread.join(self._patience)
        self._say_problems()
        if self._thread.is_alive():
            self._watch.say(
                f"warning: a plugin that watches units was not ready {self._patience:g} s after the last one. "
                "What it writes may be incomplete; the study goes on."
            )

    def tell(self, event: UnitEvent) -> None:
        """Let every plugin know of an event, soon."""
        self._events.put(event)
        self._say_problems()

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None:
            for problem in self._registry.notify(event):
                self._problems.put(problem)

    def _say_problems(self) -> None:
        while not self._problems.empty():  # nobody else takes from it
            self._watch.say(f"warning: {self._problems.get()} It is not told any more.")
