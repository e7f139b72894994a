"""Holds values against a schema and says what is wrong in plain words, with its place."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ovcf_bench.errors import Problem, StudyError, did_you_mean, one_of
from ovcf_bench.study.document import Keys, Node, placed, put, scalar

Model = TypeVar("Model", bound=BaseModel)

_YAML_1_1_BOOLEANS = {"no": "false", "off": "false", "n": "false", "yes": "true", "on": "true", "y": "true"}
_PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$": "letters, digits, '_', '.' and '-', a letter or digit first",
    r"^[^+/]+$": "the name of a view, without '+' and '/'",
}
_NUMBERS = ("int_type", "int_from_float", "float_type")
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
    "string_too_short": "text that is not empty",
}


def read_as(model: type[Model], node: Node, at: Keys = ()) -> tuple[Model | None, list[tuple[Keys, Problem]]]:
    """Return the model of a node, or None with everything that is wrong: the keys of each mistake and the problem.

    Values are taken as JSON would give them: nothing is coerced, a list may become a tuple. `at` is where the
    node stands in the whole document.
    """
    try:
        found = model.model_validate_json(json.dumps(node.plain()))
        found.model_dump(mode="json")  # is written into the lock and into keys
    except ValidationError as error:
        return None, _problems(model, node, error, at)
    except Exception as error:  # noqa: BLE001  a plugin's own validators may raise anything
        what = f"{'.'.join(map(str, at)) or 'the study'}: {model.__name__} raises {type(error).__name__}: {error}"
        advice = "This is a mistake of the plugin: parameters must be plain values, and validators raise ValueError."
        return None, [((), Problem(node.where, what, advice))]
    return found, []


def _problems(model: type[BaseModel], node: Node, error: ValidationError, at: Keys) -> list[tuple[Keys, Problem]]:
    grouped: dict[Keys, list[Any]] = {}
    for each in error.errors(include_url=False):
        grouped.setdefault(_keys(node, each["loc"], each["type"]), []).append(each)
    misspelt = {keys for keys, errors in grouped.items() if errors[0]["type"] == "extra_forbidden"}
    found = []
    for keys, errors in grouped.items():
        if errors[0]["type"] == "missing":
            alike = [str(each[-1]) for each in misspelt if each[:-1] == keys[:-1]]
            if did_you_mean(str(keys[-1]), alike):
                continue  # one mistake, one problem: the key is there under a wrong name
        # Of the alternatives of a union, one whose error lies deeper says more than "not a word".
        elif keys not in misspelt and any(len(each) > len(keys) and each[: len(keys)] == keys for each in grouped):
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
        return Problem(place.where, *_lacking(parent, keys[-1], place))
    assert target is not None
    if errors[0]["loc"][-1:] == ("[key]",):
        return Problem(target.key_where, f"{parent}: the name {keys[-1]!r}", f"Allowed: {_allowed(errors[0])}.")
    if kind == "value_error":  # said by a plugin's own check
        return Problem(target.where, f"{full}: {errors[0]['ctx']['error']}")
    if kind == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        return Problem(target.key_where, f"unknown key {keys[-1]!r} in {parent}", one_of(str(keys[-1]), known))
    value = target.plain()
    allowed = " or ".join(dict.fromkeys(_allowed(each) for each in errors))
    hint = _hint(errors, value) or _other_key(model, keys)
    return Problem(target.where, f"{full} is {_shown(value)}", f"Allowed: {allowed}. {hint}".rstrip())


def _lacking(parent: str, key: str | int, place: Node) -> tuple[str, str]:
    """Return in words that a key, or an entry of a list, is not there."""
    if isinstance(key, int):
        return f"{parent} is {_shown(place.plain())}", f"Allowed: at least {_entries(key + 1)}."
    present = list(place.value) if isinstance(place.value, dict) else []
    alike = did_you_mean(key, present).removeprefix("Did you mean ").removesuffix("?")
    return f"{parent} lacks the key {key!r}", f"Is {alike} meant to be it?" if alike else ""


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


def _allowed(error: Any) -> str:
    context = error.get("ctx", {})
    kind = error["type"]
    if kind in ("literal_error", "enum"):
        return str(context["expected"])
    if kind in _WANTED:
        return _WANTED[kind]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [f"{word} {_number(context[name])}" for name, word in limits.items() if name in context]
    if said:
        return " and ".join(said)
    if kind == "too_short":
        return f"at least {_entries(context['min_length'])}"
    if kind == "too_long":
        return f"at most {_entries(context['max_length'])}"
    message = str(error["msg"])
    return message[0].lower() + message[1:]


def _entries(n: int) -> str:
    return "1 entry" if n == 1 else f"{n} entries"


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _hint(errors: list[Any], value: Any) -> str:
    kinds = {error["type"] for error in errors}
    if "bool_type" in kinds and str(value).lower() in _YAML_1_1_BOOLEANS:
        return f"Write {_YAML_1_1_BOOLEANS[str(value).lower()]}."
    if kinds.intersection(_NUMBERS) and isinstance(value, str) and isinstance(scalar(value), int | float):
        return "Write it without quotes."
    literals = [error["ctx"]["expected"] for error in errors if error["type"] == "literal_error"]
    if literals and isinstance(value, str):
        known = [word.strip("' ") for text in literals for word in text.replace(" or ", ", ").split(",")]
        return did_you_mean(value, known)
    return ""


def _other_key(model: type[BaseModel], keys: Keys) -> str:
    """Return a suggestion when a section that takes any name was given one that looks like a key of its own."""
    known = _known_keys(model, keys[:-1]) if keys else []
    return "" if not keys or keys[-1] in known else did_you_mean(str(keys[-1]), known)


def _known_keys(model: type[BaseModel], keys: Keys) -> list[str]:
    """Return the keys that the section at `keys` may have; none when no section stands there."""
    annotation: Any = model
    for key in keys:
        annotation = _step(annotation, key)
    section = next(iter(_sections(annotation)), None)
    return [field.alias or name for name, field in section.model_fields.items()] if section is not None else []


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


def read_params(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Return plain values as a plugin's parameters. Raises StudyError with every mistake, as a study file would."""
    found, wrong = read_as(model, placed(values, where), ("params",))
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
