"""Plugins that are one file: loaded by path, here and in every process of a run, and only when a study names them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from ovcf_bench.errors import PluginError, Problem

_PREFIX = "ovcf_plugin_file_"
_SOURCE = "__source__"  # in a module: the bytes that it was made of


def load_file(path: Path) -> ModuleType:
    """Return the module of a plugin file. Its name holds a hash of its content: a changed file is another module.

    Raises PluginError when there is no such file, and whatever the file itself raises.
    """
    where = f"plugin file {path.name!r}"
    if path.suffix != ".py":
        raise PluginError(Problem(where, "is not a Python file", "Allowed: a file that ends in .py."))
    try:
        source = path.read_bytes()
    except OSError as error:
        advice = "Paths in a study start at the study file, others at the working folder."
        raise PluginError(Problem(where, f"cannot be read ({error.strerror})", advice)) from error
    name = f"{_PREFIX}{path.stem}_{hashlib.sha256(source).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path.resolve())
    module.__dict__[_SOURCE] = source
    sys.modules[name] = module
    try:
        # No bytecode is kept beside the file: it may lie where nothing else should be written.
        exec(compile(source, module.__file__, "exec"), module.__dict__)  # noqa: S102  running the plugin is the point
    except BaseException:
        del sys.modules[name]
        raise
    return module


def source_of(path: Path) -> bytes:
    """Return the content of a plugin file as it was when it was loaded, whatever the file holds by now."""
    place = str(path.resolve())
    for name, module in reversed([*sys.modules.copy().items()]):  # the latest one first
        if name.startswith(_PREFIX) and module.__file__ == place:
            return bytes(module.__dict__[_SOURCE])
    return path.read_bytes()


def loaded_files() -> tuple[tuple[str, str], ...]:
    """Return name and path of every plugin file that this process has loaded, for another to load."""
    known = sys.modules.copy()  # at once: a thread may be importing
    return tuple((name, str(module.__file__)) for name, module in known.items() if name.startswith(_PREFIX))


def load_again(files: Iterable[tuple[str, str]]) -> None:
    """Load the plugin files of another process. Raises PluginError when one has changed since."""
    for name, path in files:
        if load_file(Path(path)).__name__ != name:
            found = f"plugin file {Path(path).name!r}"
            raise PluginError(Problem(found, "was changed while the study ran", "Run again."))
