"""Holds a document against the schema and says what is wrong in plain words, with its place."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ovcf_bench.errors import Problem, one_of
from ovcf_bench.study.document import Keys, Node

Model = TypeVar("Model", bound=BaseModel)

_YAML_1_1_BOOLEANS = {"no": "false", "off": "false", "n": "false", "yes": "true", "on": "true", "y": "true"}
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "too_short": "more entries",
    "too_long": "fewer entries",
}


def validate(model: type[Model], node: Node, at: Keys = ()) -> tuple[Model | None, list[tuple[Keys, Problem]]]:
    """Return the model of a node, or None with everything that is wrong: the keys of each mistake and the problem.

    Values are taken as JSON would give them: nothing is coerced, a list may become a tuple. `at` is where the
    node stands in the whole document.
    """
    try:
        return model.model_validate_json(json.dumps(node.plain())), []
    except ValidationError as error:
        return None, _problems(model, node, error, at)


def _problems(model: type[BaseModel], node: Node, error: ValidationError, at: Keys) -> list[tuple[Keys, Problem]]:
    grouped: dict[Keys, list[Any]] = {}
    for each in error.errors(include_url=False):
        grouped.setdefault(_keys(node, each["loc"], each["type"]), []).append(each)
    found = []
    for keys, errors in grouped.items():
        # Of the alternatives of a union, one whose error lies deeper says more than "not a word".
        deeper = [other for other in grouped if len(other) > len(keys) and other[: len(keys)] == keys]
        if deeper and errors[0]["type"] not in ("missing", "extra_forbidden"):
            continue
        found.append((keys, _problem(model, node, keys, errors, at)))
    return found


def _keys(node: Node, location: tuple[str | int, ...], kind: str) -> Keys:
    """Return a pydantic location as keys of the document, without the names of union members."""
    keys: list[str | int] = []
    here: Node | None = node
    for part in location:
        step = here.child(part) if here is not None else None
        if step is not None:
            here = step
            keys.append(part)
    if kind == "missing":
        keys.append(location[-1])
    return tuple(keys)


def _problem(model: type[BaseModel], node: Node, keys: Keys, errors: list[Any], at: Keys) -> Problem:
    target = _descend(node, keys)
    full = ".".join(str(key) for key in (*at, *keys))
    parent = ".".join(str(key) for key in (*at, *keys[:-1])) or "the study"
    kind = errors[0]["type"]
    if kind == "missing":
        place = _descend(node, keys[:-1])
        assert place is not None
        return Problem(place.where, f"{parent} lacks the key {keys[-1]!r}")
    assert target is not None
    if kind == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        return Problem(target.key_where, f"unknown key {keys[-1]!r} in {parent}", one_of(str(keys[-1]), known))
    value = target.plain()
    allowed = " or ".join(dict.fromkeys(_allowed(each, value) for each in errors))
    return Problem(target.where, f"{full} is {_shown(value)}", f"Allowed: {allowed}.{_hint(errors, value)}")


def _descend(node: Node, keys: Keys) -> Node | None:
    here: Node | None = node
    for key in keys:
        here = here.child(key) if here is not None else None
    return here


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"the text {value!r}"
    return "empty" if value is None else json.dumps(value)


def _allowed(error: Any, value: Any) -> str:
    context = error.get("ctx", {})
    kind = error["type"]
    if kind in ("literal_error", "enum"):
        return str(context["expected"])
    if kind in _WANTED:
        return _WANTED[kind]
    if kind == "string_pattern_mismatch":
        return f"text like {context['pattern']}"
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [f"{word} {context[name]}" for name, word in limits.items() if name in context]
    if said:
        return " and ".join(said)
    message = str(error["msg"])
    return message[0].lower() + message[1:]


def _hint(errors: list[Any], value: Any) -> str:
    if any(error["type"] == "bool_type" for error in errors) and str(value).lower() in _YAML_1_1_BOOLEANS:
        return f" Write {_YAML_1_1_BOOLEANS[str(value).lower()]}."
    literals = [error["ctx"]["expected"] for error in errors if error["type"] == "literal_error"]
    if literals and isinstance(value, str):
        known = [word.strip("' ") for text in literals for word in text.replace(" or ", ", ").split(",")]
        suggestion = one_of(value, known).rpartition("Did you mean")
        return f" Did you mean{suggestion[2]}" if suggestion[1] else ""
    return ""


def _known_keys(model: type[BaseModel], keys: Keys) -> list[str]:
    """Return the keys that the section at `keys` may have."""
    annotation: Any = model
    for key in keys:
        annotation = _step(annotation, key)
    section = next(iter(_sections(annotation)), model)
    return [field.alias or name for name, field in section.model_fields.items()]


def _step(annotation: Any, key: str | int) -> Any:
    for section in _sections(annotation):
        for name, field in section.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
        extra = typing.get_type_hints(section).get("__pydantic_extra__")
        if extra is not None:
            return typing.get_args(extra)[-1]
    for part in _members(annotation):
        if typing.get_origin(part) in (tuple, list, dict, Mapping):
            return typing.get_args(part)[0 if typing.get_origin(part) in (tuple, list) else -1]
    return None


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union, without their Annotated wrapping."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [part for member in typing.get_args(annotation) for part in _members(member)]
    return [annotation]


def _sections(annotation: Any) -> list[type[BaseModel]]:
    return [part for part in _members(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
