"""Puts stand-ins where a document is wrong, so that what is right in it can be checked all the same."""

from __future__ import annotations

from ovcf_bench.study.document import Keys, Node
from ovcf_bench.study.schema import StudyDocument
from ovcf_bench.study.shape import read_as

_ROUNDS = 8  # a stand-in may lack keys of its own, and a key may lie four deep
_ANY: Node = Node("x", "", "")


def _mapping(**parts: Node) -> Node:
    return Node(dict(parts), "", "")


_COHORT, _MODEL = _mapping(dataset=_ANY), _mapping(model=_ANY)
_SPLIT = Node({"from": _ANY}, "", "")
_STAND_INS = {
    "schema": Node(1, "", ""),
    "cohorts": Node({"x": _COHORT}, "", ""),
    "models": Node({"x": _MODEL}, "", ""),
    "splits": _mapping(development=_SPLIT),
    "development": _SPLIT,
    "arms": _mapping(views=Node([_ANY], "", "")),
    "views": Node([_ANY], "", ""),
    "drop": _mapping(column=_ANY),
    **dict.fromkeys(("title", "dataset", "model", "from", "column", "reason", "id", "a", "b", "set"), _ANY),
}


def sound(root: Node) -> tuple[StudyDocument | None, frozenset[Keys]]:
    """Return a document that the schema accepts, and the keys of everything in it that the file does not say.

    None when the document cannot be made sound.
    """
    replaced: set[Keys] = set()
    for _ in range(_ROUNDS):
        document, wrong = read_as(StudyDocument, root)
        if document is not None:
            return document, frozenset(replaced)
        for keys, _problem in wrong:
            while keys and keys in replaced:  # the stand-in does not fit either: give up what holds it
                keys = keys[:-1]
            replaced.add(keys)
            root = _replace(root, keys, keys)
    return None, frozenset(replaced)


def _replace(node: Node, keys: Keys, full: Keys) -> Node:
    key, *rest = keys or ("",)
    if isinstance(node.value, list) and isinstance(key, int) and key < len(node.value):
        items = list(node.value)  # entries are never removed: those behind would move
        items[key] = _replace(items[key], tuple(rest), full) if rest else _stand_in(full) or _mapping()
        return Node(items, node.where, node.key_where)
    if not isinstance(node.value, dict):
        return node
    parts = dict(node.value)
    if rest and str(key) in parts:
        parts[str(key)] = _replace(parts[str(key)], tuple(rest), full)
    elif (stand_in := _stand_in(full)) is not None:
        parts[str(key)] = stand_in
    else:
        parts.pop(str(key), None)
    return Node(parts, node.where, node.key_where)


def _stand_in(keys: Keys) -> Node | None:
    if len(keys) == 2 and keys[0] in ("cohorts", "models"):
        return _COHORT if keys[0] == "cohorts" else _MODEL
    if len(keys) > 1 and isinstance(keys[-1], int):
        return _ANY if keys[-2] in ("views", "models") else None
    return _STAND_INS.get(str(keys[-1])) if keys else None
