"""A study as it may leave the machine: without places on a disk and without steps that name patients."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from pydantic import BaseModel

from ovcf_bench.study.load import Study

_NAMES_PATIENTS = ("patient_id", "exam_id", "image_id")  # columns


def for_others(study: Study) -> Study:
    """Return the study with file names in place of absolute paths, without eligibility steps by identifier."""
    document = study.document
    steps = tuple(step for step in document.eligibility if step.drop.column not in _NAMES_PATIENTS)
    shared = {
        "plugins": tuple(f"./{Path(each).name}" for each in document.plugins),
        "cohorts": _without_places(document.cohorts),
        "models": _without_places(document.models),
        "eligibility": steps,
    }
    return dataclasses.replace(study, document=document.model_copy(update=shared))


def _without_places(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: _without_places(getattr(value, name)) for name in type(value).model_fields}
        )
    if isinstance(value, Mapping):
        return {name: _without_places(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_places(each) for each in value)
    return _name_of(value) if isinstance(value, str) else value


def _name_of(text: str) -> str:
    """Return the last part of an absolute path, also behind a word such as `file:`; other texts as they are."""
    for path in (PureWindowsPath(text), Path(text)):
        if path.is_absolute() or text.startswith("~"):
            return path.name
    word, colon, rest = text.partition(":")
    return f"{word}:{_name_of(rest)}" if colon and rest and not rest.startswith("//") else text
