"""Reads YAML so that every value remembers where it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ovcf_bench.errors import Problem, StudyError

# Scalars of the YAML 1.2 core schema. YAML 1.1, which PyYAML speaks, reads `no` as false, `1e-3` as a string,
# 010 as eight and 1:30 as ninety.
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

Keys = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Leaves every plain scalar as text: what it means is settled below."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # an attribute of PyYAML's own class


_UNTAGGED = (_Loader.DEFAULT_SCALAR_TAG, _Loader.DEFAULT_SEQUENCE_TAG, _Loader.DEFAULT_MAPPING_TAG, "!")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the place where it stands, and the place of its key."""

    value: dict[str, Node] | list[Node] | str | int | float | bool | None
    where: str
    key_where: str

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def keys(self) -> list[str | int]:
        """Return the keys or indices under which there are nodes."""
        if isinstance(self.value, dict):
            return list(self.value)
        return list(range(len(self.value))) if isinstance(self.value, list) else []

    def child(self, key: str | int) -> Node | None:
        """Return the node under a key or index, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None


def read(text: str, file: str) -> tuple[Node, list[Problem]]:
    """Return the document and what is wrong with its form (duplicate keys, tags, keys that are no words).

    Raises StudyError when the text is no YAML or no mapping.
    """
    problems: list[Problem] = []
    root = _read(text, file, problems)
    if root is None or not isinstance(root.value, dict):
        raise StudyError(Problem(file, "not a study: the file holds no keys", "See `ovcf-bench schema`."))
    return root, problems


def _read(text: str, file: str, problems: list[Problem]) -> Node | None:
    """Return the only value in a text, None when there is none."""
    try:
        root = yaml.compose(text, Loader=_Loader)
        return None if root is None else _node(root, file, f"{file}, line 1, column 1", problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _place(file, mark) if mark else file
        found = f"not YAML: {error.problem or error.context}"
        raise StudyError(Problem(where, found, "Check indentation, colons and quotes.")) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        where = f"{file}, line {len(before)}, column {len(before[-1]) + 1}"
        found = f"not YAML: the character {chr(int(error.character))!a} is not allowed"
        raise StudyError(Problem(where, found, "Write it as an escape between double quotes.")) from error
    except RecursionError as error:
        raise StudyError(Problem(file, "nested too deeply, or an anchor holds itself")) from error


def _place(file: str, mark: yaml.Mark) -> str:
    return f"{file}, line {mark.line + 1}, column {mark.column + 1}"


def _node(raw: yaml.Node, file: str, key_where: str, problems: list[Problem]) -> Node:
    where = _place(file, raw.start_mark)
    if raw.tag not in _UNTAGGED:
        problems.append(Problem(where, f"a tag, {raw.tag.replace('tag:yaml.org,2002:', '!!')}", "Write plain values."))
    if isinstance(raw, yaml.SequenceNode):
        return Node(
            [_node(each, file, _place(file, each.start_mark), problems) for each in raw.value], where, key_where
        )
    if isinstance(raw, yaml.MappingNode):
        return Node(_mapping(raw, file, problems), where, key_where)
    assert isinstance(raw, yaml.ScalarNode)
    return Node(_scalar(raw, where, problems), where, key_where)


def _mapping(raw: yaml.MappingNode, file: str, problems: list[Problem]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key_node, value_node in raw.value:
        at = _place(file, key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(at, "a key must be one word"))
            continue
        key = str(key_node.value)
        if key in found:
            problems.append(Problem(at, f"duplicate key {key!r}", f"It stands first at {found[key].key_where}."))
            continue
        found[key] = _node(value_node, file, at, problems)
    return found


def _scalar(raw: yaml.ScalarNode, where: str, problems: list[Problem]) -> str | int | float | bool | None:
    text = str(raw.value)
    if raw.style is None and raw.tag != "!":
        return scalar(text)
    try:  # JSON, which is YAML 1.2, may write one character as two escapes
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        problems.append(Problem(where, "half a character: a surrogate escape without its pair"))
        return ""


def scalar(text: str) -> str | int | float | bool | None:
    """Return the value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def merge(base: Node, over: Node) -> Node:
    """Return `base` changed by `over`: mappings deep, lists and scalars replaced, null removes an inherited key."""
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    merged = dict(base.value)
    for key, node in over.value.items():
        if node.value is None and key in merged:
            del merged[key]
        else:
            merged[key] = merge(merged[key], node) if key in merged else node
    return Node(merged, over.where, over.key_where)


def put(root: Node, assignment: str) -> Node:
    """Return the document with one value set, as --set KEY.PATH=VALUE says; a part may be an index of a list.

    Raises StudyError when the assignment is malformed or leads through something that is no mapping.
    """
    path, equals, text = assignment.partition("=")
    where = f"--set {path}"
    if not equals or not path:
        raise StudyError(Problem(f"--set {assignment}", "not of the form KEY.PATH=VALUE", "Example: --set seed=7"))
    problems: list[Problem] = []
    try:
        value = _read(text, where, problems) or Node(None, where, where)
    except StudyError as error:
        problems += error.problems
    if problems:  # the option has no lines
        raise StudyError(*(Problem(where, problem.found, problem.allowed) for problem in problems))
    return _put(root, path.split("."), placed(value.plain(), where), where)


def placed(value: Any, where: str) -> Node:
    """Return the node of a plain value, with one place for all of it, such as the option on the command line."""
    if isinstance(value, Mapping):
        return Node({str(key): placed(each, where) for key, each in value.items()}, where, where)
    if isinstance(value, list | tuple):
        return Node([placed(each, where) for each in value], where, where)
    return Node(value, where, where)


def _put(node: Node | None, path: list[str], value: Node, where: str) -> Node:
    if not path:
        return value
    key, *rest = path
    if node is None or isinstance(node.value, dict):
        inner = dict(node.value) if node is not None and isinstance(node.value, dict) else {}
        if value.value is None and not rest and key in inner:
            del inner[key]
        else:
            inner[key] = _put(inner.get(key), rest, value, where)
        return Node(inner, node.where if node else where, node.key_where if node else where)
    if isinstance(node.value, list):
        if not key.isdecimal() or int(key) >= len(node.value):
            allowed = f"Allowed: 0 to {len(node.value) - 1}." if node.value else "The list is empty."
            raise StudyError(Problem(where, f"{key!r} is no index here", allowed))
        items = list(node.value)
        items[int(key)] = _put(items[int(key)], rest, value, where)
        return Node(items, node.where, node.key_where)
    raise StudyError(Problem(where, f"{key!r} stands under a single value", "Name a key of a mapping."))
