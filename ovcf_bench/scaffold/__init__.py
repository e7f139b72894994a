"""Writes the first version of a plugin: one file, or a package that is ready for pip."""

from __future__ import annotations

import importlib.util
import keyword
import re
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import write_atomically

Kind = Literal["dataset", "model"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_USAGE = {
    "model": "models:\n  mine: {model: $name, params: {width: 32}}",
    "dataset": "cohorts:\n  hospital: {dataset: $name, params: {folder: images}}",
}
_AND_MORE = {
    "model": "",
    "dataset": " It reads a few\nimages that the test makes.",
}


def new_plugin(kind: Kind, name: str, folder: Path, *, single_file: bool) -> list[Path]:
    """Write a plugin below `folder` and return its files: NAME.py, or a package in the folder NAME (with dashes).

    Raises BenchError when the name is no name, that of an installed module, or a file is there already; then nothing
    is written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        allowed = "Allowed: small letters, digits and underscores, a letter first: my_model."
        raise BenchError(Problem("the plugin's name", f"{name!r} cannot name a Python module", allowed))
    if importlib.util.find_spec(name) is not None:
        found = f"{name!r} is a module that is installed already"
        raise BenchError(Problem("the plugin's name", found, "Choose another one: of two, Python would import one."))
    files = _one_file(kind, name) if single_file else _package(kind, name)
    there = [path for path in files if (folder / path).exists()]
    if there:
        raise BenchError(*(Problem(path, "is there already", "Choose another name or folder.") for path in there))
    for path, text in files.items():
        write_atomically(folder / path, text)
    return [folder / path for path in files]


def _one_file(kind: Kind, name: str) -> dict[str, str]:
    return {f"{name}.py": _filled(f"{kind}.py", kind, name)}


def _package(kind: Kind, name: str) -> dict[str, str]:
    root = name.replace("_", "-")
    return {
        f"{root}/pyproject.toml": _filled("pyproject.toml", kind, name),
        f"{root}/README.md": _filled("README.md", kind, name),
        f"{root}/{name}/__init__.py": _filled(f"{kind}.py", kind, name),
        f"{root}/{name}/py.typed": "",
        f"{root}/tests/test_{name}.py": _filled(f"test_{kind}.py", kind, name),
    }


def _filled(template: str, kind: Kind, name: str) -> str:
    return filled(
        template,
        name=name,
        kind=kind,
        class_name="".join(part.capitalize() for part in name.split("_")),
        distribution=name.replace("_", "-"),
        and_more=_AND_MORE[kind],
        usage=Template(_USAGE[kind]).substitute(name=name),
    )


def filled(template: str, **words: object) -> str:
    """Return the text of a template with its $words."""
    text = (resources.files("ovcf_bench.scaffold") / "templates" / f"{template}.txt").read_text("utf-8")
    return Template(text).substitute(words)
