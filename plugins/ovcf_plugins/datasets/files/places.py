"""Where files are: variables of the environment in a path, and which of many files exist."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.api import DataError, Problem

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def with_variables(path: str, where: str) -> str:
    """Return a path with every ${VARIABLE} replaced; raises DataError, at `where`, for those that are not set."""
    unset = [variable for variable in _VARIABLE.findall(path) if variable not in os.environ]
    if unset:
        allowed = f"Set it before the start: export {unset[0]}=/folder"
        raise DataError(*(Problem(where, f"the variable {each} is not set", allowed) for each in unset))
    return _VARIABLE.sub(lambda found: os.environ[found[1]], path)


def root_folder(path: str, folder: Path, where: str) -> Path:
    """Return the folder that a parameter names, relative to the study's; raises DataError when it is not there."""
    root = folder / with_variables(path, where)
    if not root.is_dir():
        raise DataError(Problem(where, "the folder is not there", "Relative paths start at the study file."))
    return root


def are_there(root: Path, paths: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which files exist, by listing their folders: far quicker than asking for a million of them."""
    listed: dict[str, set[str]] = {}
    before, names = None, set[str]()
    there: list[bool] = []
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder != before:
            before = folder
            if folder not in listed:
                listed[folder] = _files_in(root / (folder or ("/" if path.startswith("/") else "")))
            names = listed[folder]
        # What a listing lacks may be there all the same: systems differ on case, accents and separators.
        there.append(name in names or (bool(names) and (root / path).is_file()))
    return np.array(there, dtype=bool)


def _files_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208  names are enough, and a million paths would take seconds
    except OSError:
        return set()
