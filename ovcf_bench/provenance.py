"""What a result came from: versions, kind of machine, settings. Never a host, a user or an absolute path."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ovcf_bench

_PACKAGES = (
    "torch", "torchvision", "timm", "numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "pillow", "pydantic",
    "safetensors",
)  # fmt: skip
_BUNDLED = "ovcf_plugins"  # the package of the plugins that come with the project


def versions() -> dict[str, str]:
    """Return the versions of the packages that scores and statistics depend on."""
    found = {"ovcf-bench": ovcf_bench.__version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a report can be rebuilt where torch is not installed
            continue
    return found


def machine() -> dict[str, Any]:
    """Return the kind of machine: Python, system, architecture, number of cores."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def canonical(value: Any) -> str:
    """Return the one JSON text of a value, for hashing: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_bundled(function: Callable[..., Any]) -> bool:
    """Return whether a plugin's function came with the project: pixels of those change by PREPROCESSING_VERSION."""
    return _defining_module(function).partition(".")[0] == _BUNDLED


def source_digest(function: Callable[..., Any]) -> str:
    """Return the SHA-256 of the source behind a plugin's function: a changed plugin makes new units.

    A plugin file counts by itself; of an installed package all files do, for what a function calls may stand in any.
    Of a bundled plugin count the defining module and the bundled modules that it imports, directly or not, so that a
    new dataset trains no old network again.
    """
    name = _defining_module(function)
    module = sys.modules[name]
    if not module.__package__:
        return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
    files = _imported_files(name, {}) if is_bundled(function) else _files_of_package(name.partition(".")[0])
    found = hashlib.sha256()
    for label, file in sorted(files.items()):
        found.update(label.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _files_of_package(package: str) -> dict[str, Path]:
    folders = [Path(each) for each in sys.modules[package].__path__]
    return {file.relative_to(folder).as_posix(): file for folder in folders for file in folder.rglob("*.py")}


def _imported_files(name: str, known: dict[str, Path]) -> dict[str, Path]:
    """Add a bundled module and all bundled ones that its source imports, inside functions too, to `known`."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin or name in known:
        return known
    known[name] = Path(spec.origin)
    for node in ast.walk(ast.parse(known[name].read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]  # a name may be a module
        else:
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for each in named:
            if each.partition(".")[0] == _BUNDLED and _is_module(each):
                _imported_files(each, known)
    return known


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a function of a module is none
        return False


def _defining_module(function: Callable[..., Any]) -> str:
    """Return the module that defines a function, what a partial holds, or the class of a callable object."""
    while isinstance(function, functools.partial):
        function = function.func
    defined = function if inspect.isroutine(function) or inspect.isclass(function) else type(function)
    return str(defined.__module__)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], at: str = "") -> list[str]:
    """Return what changed between two nested mappings, as "training.epochs 20 -> 6", in the order of names."""
    found: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{at}{name}.")
        else:
            found.append(f"{at}{name} {_short(before)} -> {_short(after)}")
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical(value)
    is_hash = isinstance(value, str) and len(value) == 64
    return text[:8] if is_hash else text if len(text) <= 40 else f"{text[:37]}..."
