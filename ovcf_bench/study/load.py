"""From a study file to a resolved study, or to every mistake in it at once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from ovcf_bench.errors import Problem, StudyError, one_of
from ovcf_bench.study.document import Keys, Node, merge, put, read, scalar
from ovcf_bench.study.resolve import check_references, make_arms, make_comparisons, make_eligibility, make_splits
from ovcf_bench.study.schema import StudyDocument
from ovcf_bench.study.shape import read_as
from ovcf_bench.vocabulary import Arm, Comparison, Eligibility, SplitRule

_LOCK_HEADER = "# Fully resolved study: what ran. Written by ovcf-bench; run it like any other study file.\n"
_LINE_AND_COLUMN = re.compile(r"(.*), line (\d+), column (\d+)", re.DOTALL)


class _LockDumper(yaml.SafeDumper):
    """Quotes every text that `read` would take for something else or PyYAML would not give back unchanged."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out each time: a lock is read by people."""
        return True


def _write_text(dumper: _LockDumper, text: str) -> yaml.ScalarNode:
    quoted = not text.isprintable() or not isinstance(scalar(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_LockDumper.add_representer(str, _write_text)


def _plain(document: StudyDocument) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True)


@dataclass(frozen=True, slots=True)
class ParamsModels:
    """The parameters that the installed plugins take, by plugin name."""

    datasets: Mapping[str, type[BaseModel]]
    models: Mapping[str, type[BaseModel]]


@dataclass(frozen=True)
class Study:
    """A resolved study. `folder` is where its relative paths start; it is no part of the study's identity."""

    document: StudyDocument
    name: str = "study"
    folder: Path = Path()
    profile: str | None = None
    overrides: tuple[str, ...] = ()
    reduced: tuple[str, ...] = ()  # what profile and --set changed: "training.epochs: 20 -> 6"

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, in the order of models, then views."""
        return make_arms(self.document)

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The declared comparisons of arms."""
        return make_comparisons(self.document)

    @cached_property
    def eligibility(self) -> tuple[Eligibility, ...]:
        """The ordered eligibility steps."""
        return make_eligibility(self.document.eligibility)

    @cached_property
    def splits(self) -> tuple[SplitRule, ...]:
        """The rules of the splits, development first."""
        return make_splits(self.document)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the study says, words included: the report prints them."""
        text = json.dumps(self.plain(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """Return the resolved document as plain values."""
        return _plain(self.document)

    def to_yaml(self) -> str:
        """Return the resolved study as a study file."""
        text = yaml.dump(self.plain(), Dumper=_LockDumper, sort_keys=False, allow_unicode=True, width=100)
        return _LOCK_HEADER + text

    def with_precision(self, precision: str) -> Study:
        """Return the study with its precision chosen."""
        training = self.document.training.model_copy(update={"precision": precision})
        return dataclasses.replace(self, document=self.document.model_copy(update={"training": training}))


def load_study(
    path: Path, params_models: ParamsModels | None, *, profile: str | None = None, overrides: Sequence[str] = ()
) -> Study:
    """Return the study of a file. Raises StudyError with every mistake, in the order of lines."""
    text = _read_file(path, "")
    return parse(text, params_models, where=str(path), folder=path.parent, profile=profile, overrides=overrides)


def parse(
    text: str,
    params_models: ParamsModels | None,
    *,
    where: str = "study.yaml",
    folder: Path = Path(),
    profile: str | None = None,
    overrides: Sequence[str] = (),
) -> Study:
    """Return the study of a text. Without `params_models`, plugins' parameters stay plain mappings.

    Raises StudyError with every mistake, in the order of lines.
    """
    root, full, problems = _layered(text, where, folder, profile, overrides)
    document, found = _validated(full, params_models)
    problems += found
    if problems or document is None:
        raise StudyError(*sorted(problems, key=lambda problem: _place(problem, where)))
    reduced: tuple[str, ...] = ()
    if profile is not None or overrides:
        before = _without_removed(root)
        original, _ = _validated(before, params_models)
        # A file may be whole only with its profile: then what stands in it is compared, without defaults.
        reduced = changes(_plain(original), _plain(document)) if original else changes(before.plain(), full.plain())
    return Study(document, Path(where).stem, folder, profile, tuple(overrides), reduced)


def plugin_files(path: Path, *, profile: str | None = None, overrides: Sequence[str] = ()) -> tuple[Path, ...]:
    """Return the plugin files that a study names; what is wrong with the study otherwise is said when it is loaded."""
    _, full, _ = _layered(_read_file(path, ""), str(path), path.parent, profile, overrides)
    node = full.child("plugins")
    named = node.plain() if node is not None and isinstance(node.value, list) else []
    return tuple(path.parent / each for each in named if isinstance(each, str))


def _layered(
    text: str, where: str, folder: Path, profile: str | None, overrides: Sequence[str]
) -> tuple[Node, Node, list[Problem]]:
    """Return the document as it stands with what it extends, the same with profile and --set, and what is wrong."""
    problems: list[Problem] = []
    base = _extended(text, where, folder, problems, seen=())
    root = _without(base, "profiles")
    full = _with_profile(root, base.child("profiles"), profile, where, problems)
    for each in overrides:
        try:
            full = put(full, each)
        except StudyError as error:
            problems += error.problems
    return root, _without_removed(full), problems


def read_lock(text: str) -> Study:
    """Return the study of a study.lock.yaml; its plugins need not be installed."""
    return parse(text, None, where="study.lock.yaml")


def _read_file(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise StudyError(Problem(where, f"the study file {str(path)!r} cannot be read: {reason}")) from error


def _place(problem: Problem, main: str) -> tuple[bool, bool, str, int, int]:
    """Return the order of problems: the study file by line, then the files it extends, then options."""
    placed = _LINE_AND_COLUMN.fullmatch(problem.where)
    file, line, column = placed.groups() if placed else (problem.where, "0", "0")
    option = file.startswith("--")
    return option, file != main, "" if option else file, int(line), int(column)


def _extended(text: str, where: str, folder: Path, problems: list[Problem], seen: tuple[Path, ...]) -> Node:
    """Return the document laid over the one that it extends."""
    root, found = read(text, where)
    problems += found
    parent = root.child("extends")
    if parent is None:
        return root
    if not isinstance(parent.value, str):
        raise StudyError(Problem(parent.where, "extends must name a file", "Example: extends: paper.yaml"))
    path = folder / parent.value
    if path.resolve() in seen:
        raise StudyError(Problem(parent.where, f"extends goes round in a circle through {parent.value!r}"))
    inherited = _extended(_read_file(path, parent.where), str(path), path.parent, problems, (*seen, path.resolve()))
    return merge(inherited, _without(root, "extends"))


def _without(node: Node, key: str) -> Node:
    assert isinstance(node.value, dict)
    return Node({name: each for name, each in node.value.items() if name != key}, node.where, node.key_where)


def _without_removed(root: Node) -> Node:
    """Return the document without cohorts and models that are null: removed, although nothing was there to remove."""
    assert isinstance(root.value, dict)
    groups = {
        group: Node(
            {name: each for name, each in _children(section) if each.value is not None},
            section.where,
            section.key_where,
        )
        for group, section in root.value.items()
        if group in ("cohorts", "models") and isinstance(section.value, dict)
    }
    return Node({**root.value, **groups}, root.where, root.key_where)


def _with_profile(root: Node, profiles: Node | None, name: str | None, where: str, problems: list[Problem]) -> Node:
    if profiles is not None and not isinstance(profiles.value, dict):
        problems.append(Problem(profiles.where, "profiles must be a mapping", "Example: profiles: {quick: {...}}"))
    known = dict(_children(profiles))
    for each, changed in known.items():
        if not isinstance(changed.value, dict):
            found = f"profiles.{each} must be a mapping"
            problems.append(Problem(changed.where, found, "Give the keys that it changes."))
    if name is None:
        return root
    if name not in known:
        problems.append(Problem(f"--profile {name}", f"{where} has no such profile", one_of(name, known)))
        return root
    return merge(root, known[name]) if isinstance(known[name].value, dict) else root


def _validated(root: Node, params_models: ParamsModels | None) -> tuple[StudyDocument | None, list[Problem]]:
    """Return the document, or None with all problems of schema, plugins and references."""
    document, wrong = read_as(StudyDocument, root)
    problems = [problem for _, problem in wrong]
    problems += check_references(root, document, frozenset(keys for keys, _ in wrong))
    if params_models is None:
        return document, problems
    settled: dict[Keys, BaseModel | None] = {}
    for group, plugin_key, known in (
        ("cohorts", "dataset", params_models.datasets),
        ("models", "model", params_models.models),
    ):
        for name, section in _children(root.child(group)):
            settled[group, name] = _plugin_params(section, (group, name), plugin_key, known, problems)
    if problems or document is None:
        return None, problems
    groups = {
        group: {
            name: section.model_copy(update={"params": settled[group, name]})
            for name, section in getattr(document, group).items()
        }
        for group in ("cohorts", "models")
    }
    return document.model_copy(update=groups), []


def _children(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


def _plugin_params(
    section: Node, at: Keys, plugin_key: str, known: Mapping[str, type[BaseModel]], problems: list[Problem]
) -> BaseModel | None:
    plugin = section.child(plugin_key)
    if plugin is None or not isinstance(plugin.value, str):
        return None  # the schema has said so
    if plugin.value not in known:
        problems.append(Problem(plugin.where, f"unknown {plugin_key} {plugin.value!r}", one_of(plugin.value, known)))
        return None
    params = section.child("params") or Node({}, section.where, section.key_where)
    if not isinstance(params.value, dict):
        problems.append(Problem(params.where, "params must be a mapping", "Example: params: {name: value}"))
        return None
    found, wrong = read_as(known[plugin.value], params, (*at, "params"))
    problems += [problem for _, problem in wrong]
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any], at: str = "") -> tuple[str, ...]:
    """Return one line for every value that differs, sorted by key: "training.epochs: 20 -> 6".

    at : where both stand, which every key is told with: "training."; "" for whole studies.
    """
    found: list[str] = []
    for name in sorted({*before, *after}):
        here = f"{at}{name}"
        if name not in after:
            found.append(f"{here}: removed")
        elif name not in before:
            found.append(f"{here}: added, {_short(after[name])}")
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            found += changes(before[name], after[name], f"{here}.")
        elif before[name] != after[name]:
            found.append(f"{here}: {_short(before[name])} -> {_short(after[name])}")
    return tuple(found)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
