"""Calls into plugins: whatever one raises becomes an error that names the plugin, the hook and the line."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ovcf_bench.errors import BenchError, PluginError, Problem

_ADVICE = "This is a mistake of the plugin. -v shows its traceback; that text may name files and patients."


@contextmanager
def calling(plugin: str, hook: Callable[..., Any], at: str = "", *, told: bool = True) -> Iterator[None]:
    """Name plugin, hook and line in a PluginError when what is called inside raises anything but a BenchError.

    plugin : "dataset 'mine'"; at : "row 7"; told : whether the exception's own words may be shown (those of a
    dataset may hold an identifier).
    """
    try:
        yield
    except BenchError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(problem_of(error, plugin, hook, at, told=told)) from error


def problem_of(
    error: BaseException, plugin: str, hook: Callable[..., Any], at: str = "", *, told: bool = True
) -> Problem:
    """Return what `calling` says of an exception."""
    name = getattr(hook, "__name__", type(hook).__name__)
    where = ", ".join(part for part in (plugin, name, at) if part)
    line = _line(error, hook)
    # The call itself failed, for a wrong signature: these are Python's own words, and hold no data.
    told = told or (isinstance(error, TypeError) and not line and "argument" in str(error))
    words = f": {error}" if told and str(error) else ""
    trace = "".join(traceback.format_exception(error))
    return Problem(where, f"{type(error).__name__}{words}{line}", _ADVICE, trace)


def _line(error: BaseException, hook: Callable[..., Any]) -> str:
    """Return the last line of the plugin's own file through which the exception came."""
    frames = traceback.extract_tb(error.__traceback__)
    try:
        file = inspect.getsourcefile(inspect.unwrap(hook))
    except TypeError:  # a class instance or something built in
        file = None
    for frame in reversed(frames):
        if frame.filename == file:
            return f" ({Path(frame.filename).name}, line {frame.lineno}: {frame.line})"
    return ""
