"""Parameters of a single plugin, outside any study file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from ovcf_bench.errors import StudyError
from ovcf_bench.study.document import Node, put
from ovcf_bench.study.shape import read_as

Model = TypeVar("Model", bound=BaseModel)


def read_params(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Return plain values as a plugin's parameters. Raises StudyError with every mistake, as a study file would."""
    found, wrong = read_as(model, _node(values, where), ("params",))
    if wrong or found is None:
        raise StudyError(*(problem for _, problem in wrong))
    return found


def read_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Return what --set NAME=VALUE says, repeated: {"path": "images.csv", "columns": {"view": "position"}}."""
    root = Node({}, "--set", "--set")
    for each in assignments:
        root = put(root, each)
    plain: dict[str, Any] = root.plain()
    return plain


def _node(value: Any, where: str) -> Node:
    if isinstance(value, Mapping):
        return Node({str(key): _node(each, where) for key, each in value.items()}, where, where)
    if isinstance(value, list | tuple):
        return Node([_node(each, where) for each in value], where, where)
    return Node(value, where, where)
