"""What a result came from: versions, kind of machine, settings. Never a host, a user or an absolute path."""

from __future__ import annotations

import hashlib
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


def source_digest(function: Callable[..., Any]) -> str:
    """Return the SHA-256 of the file that defines `function`: a changed plugin makes new units.

    In a package all files count that lie in the folder of the defining module, or below.
    """
    path = inspect.getsourcefile(function)
    if path is None:
        return ""
    file = Path(path)
    package = sys.modules[function.__module__].__package__
    if not package:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    found = hashlib.sha256()
    for each in sorted(file.parent.rglob("*.py")):
        found.update(each.relative_to(file.parent).as_posix().encode() + b"\0" + each.read_bytes())
    return found.hexdigest()


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
