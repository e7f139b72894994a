"""Resolves what a study's parts say about each other: arms, comparisons, splits, eligibility."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from ovcf_bench.errors import Problem, did_you_mean, one_of
from ovcf_bench.study.document import Keys, Node
from ovcf_bench.study.schema import (
    NAME,
    ComparisonSection,
    Drop,
    EligibilitySection,
    SplitSection,
    SplitsSection,
    StudyDocument,
    ThresholdSection,
    Views,
)
from ovcf_bench.vocabulary import DEVELOPMENT, Arm, Comparison, Eligibility, SplitRule

Complain = Callable[[Keys, str, str], None]  # where, what was found, what is allowed

_CONDITIONS = ("above", "below", "equals", "not_equals", "missing")
_EACH = "*"
_GROUPS = {"cohort": "cohorts", "model": "models", "test set": "splits"}
_REFERENCES: tuple[tuple[Keys, str], ...] = (  # where a name stands, and what it names
    (("splits", _EACH, "from"), "cohort"),
    (("eligibility", _EACH, "cohort"), "cohort"),
    (("arms", "models", _EACH), "model"),
    (("arms", "include", _EACH, "model"), "model"),
    (("arms", "exclude", _EACH, "model"), "model"),
    (("primary", "set"), "test set"),
    (("published", "figures", _EACH, "set"), "test set"),
)
# Sections that stand in for wrong ones: what reads one of them is not checked.
_SMALLEST = {
    "schema": 1,
    "title": "x",
    "cohorts": {"x": {"dataset": "x"}},
    "splits": {},
    "models": {"x": {"model": "x"}},
    "arms": {"views": ["x"]},
}


def check_references(root: Node, document: StudyDocument | None, wrong: frozenset[Keys]) -> list[Problem]:
    """Return a problem for every part that contradicts another or names something which is not there.

    All mistakes are to be mended at once, so names are looked up also when the schema finds other parts `wrong`
    (then there is no document), and contradictions are looked for among the sections that are sound by themselves.
    """
    problems: list[Problem] = []

    def complain(keys: Keys, found: str, allowed: str) -> None:
        here = root
        for key in keys:
            step = here.child(key)
            if step is None:
                break
            here = step
        problems.append(Problem(here.where, f"{'.'.join(map(str, keys))}: {found}", allowed))

    _check_names(root, wrong, complain)
    unsound = frozenset[str | int]()
    if document is None:
        assert isinstance(root.value, dict)
        spoilt = {keys[0] for keys in wrong if keys}
        sound = {name: node.plain() for name, node in root.value.items() if name not in spoilt}
        unsound = frozenset(spoilt.union(_SMALLEST).difference(sound))
        document = StudyDocument.model_validate_json(json.dumps(_SMALLEST | sound))
    for check, read in _CHECKS:
        if unsound.isdisjoint(read):
            check(document, complain)
    return problems


def _check_names(root: Node, wrong: frozenset[Keys], complain: Complain) -> None:
    known = {kind: None if (group,) in wrong else _names(root, group) for kind, group in _GROUPS.items()}
    for path, kind in _REFERENCES:
        names = known[kind]
        for keys, name in _texts(root, path):
            if names is not None and name not in names and keys not in wrong:
                complain(keys, f"unknown {kind} {name!r}", one_of(name, names))


def _names(root: Node, group: str) -> list[str] | None:
    """Return what a section names, sound or not; None when it is no mapping, empty or a name itself is wrong."""
    node = root.child(group)
    names = node.value if node is not None else None
    if not isinstance(names, dict) or not names or not all(map(re.compile(NAME).match, names)):
        return None
    return [name for name in names if group != "splits" or name not in SplitsSection.model_fields]


def _texts(node: Node, path: Keys, at: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield every text at `path` with its keys."""
    if not path:
        if isinstance(node.value, str):
            yield at, node.value
        return
    for key in node.keys() if path[0] == _EACH else path[:1]:
        if (child := node.child(key)) is not None:
            yield from _texts(child, path[1:], (*at, key))


def _check_splits(document: StudyDocument, complain: Complain) -> None:
    splits = _splits(document)
    takes_the_rest: dict[str, str] = {}
    for name, split in splits.items():
        if split.positives is None and split.negatives is None:
            first = takes_the_rest.setdefault(split.from_, name)
            if first != name:
                found = f"{first!r} and {name!r} both take all that remain of {split.from_!r}"
                complain(("splits", name), found, "Give one of them positives and negatives.")
    meant = did_you_mean(DEVELOPMENT, list(document.splits.tests))
    if document.splits.development is None and meant:
        complain(("splits",), f"lacks the key {DEVELOPMENT!r}", meant)
    if not document.splits.tests:
        complain(("splits",), "the study has no test set", "Name one: `internal: {from: COHORT}`.")


def _check_eligibility(document: StudyDocument, complain: Complain) -> None:
    for number, step in enumerate(document.eligibility):
        given = _given(step.drop)
        if len(given) != 1:
            found = f"a step drops by one condition, {len(given)} are given"
            complain(("eligibility", number, "drop"), found, f"Allowed: one of {', '.join(_CONDITIONS)}.")


def _given(drop: Drop) -> list[str]:
    return [name for name in _CONDITIONS if name in drop.model_fields_set and getattr(drop, name) is not None]


def _check_arms(document: StudyDocument, complain: Complain) -> None:
    section = document.arms
    read: list[tuple[Keys, Views]] = [(("arms", "views", number), views) for number, views in enumerate(section.views)]
    for part in ("include", "exclude"):
        read += [(("arms", part, number, "views"), each.views) for number, each in enumerate(getattr(section, part))]
    for keys, views in read:
        if len(set(_views(views))) < len(_views(views)):
            complain(keys, "an arm reads a view twice", "Name every view once.")
    full = {arm.name for arm in _matrix(document)}
    for number, each in enumerate(section.exclude):
        name = f"{'+'.join(_views(each.views))}/{each.model}"
        if each.model in document.models and name not in full:
            complain(("arms", "exclude", number), f"there is no arm {name!r}", one_of(name, full))
    if not make_arms(document):
        complain(("arms",), "no arm is left", "Exclude fewer.")


def _check_augmentation(document: StudyDocument, complain: Complain) -> None:
    views = {arm.view for arm in make_arms(document)}
    for view in document.training.augmentation_by_view:
        if view not in views:
            keys = ("training", "augmentation_by_view", view)
            complain(keys, f"no arm reads {view!r}", one_of(view, views))


def make_arms(document: StudyDocument) -> tuple[Arm, ...]:
    """Return the arms: every view with every model, plus those included, minus those excluded, each once."""
    excluded = {(_views(each.views), each.model) for each in document.arms.exclude}
    return tuple(arm for arm in _matrix(document) if (arm.views, arm.model) not in excluded)


def _matrix(document: StudyDocument) -> list[Arm]:
    section = document.arms
    models = section.models if section.models is not None else tuple(document.models)
    pairs = [(_views(views), model) for model in models for views in section.views]
    pairs += [(_views(each.views), each.model) for each in section.include]
    return [Arm(f"{'+'.join(views)}/{model}", views, model) for views, model in dict.fromkeys(pairs)]


def _views(views: Views) -> tuple[str, ...]:
    return (views,) if isinstance(views, str) else views


def _check_threshold(document: StudyDocument, complain: Complain) -> None:
    rule = document.threshold
    if isinstance(rule, ThresholdSection) and (rule.sensitivity is None) == (rule.specificity is None):
        complain(("threshold",), "a rule holds one of two measures fixed", "Allowed: sensitivity or specificity.")


def _check_comparisons(document: StudyDocument, complain: Complain) -> None:
    known = {word for arm in make_arms(document) for word in (arm.name, arm.view)}
    seen: set[str] = set()
    for number, each in enumerate(document.comparisons):
        at: Keys = ("comparisons", number)
        unknown = [side for side in ("a", "b") if getattr(each, side) not in known]
        for side in unknown:
            word = getattr(each, side)
            complain((*at, side), f"unknown arm {word!r}", one_of(word, known))
        if not unknown and not _expand(each, document):
            complain(at, f"{each.a!r} and {each.b!r} give no pair", "Name two different arms, or two different views.")
        if each.margin is not None and each.claim == "difference":
            allowed = "Set claim: noninferiority or equivalence, or leave the margin out."
            complain((*at, "margin"), "a difference needs no margin", allowed)
        if each.id in seen:
            complain((*at, "id"), f"the id {each.id!r} stands twice", "Give every comparison its own.")
        seen.add(each.id)


def make_comparisons(document: StudyDocument) -> tuple[Comparison, ...]:
    """Return all comparisons with arm names; a pair of views gives one for every model that reads both."""
    return tuple(comparison for each in document.comparisons for comparison in _expand(each, document))


def _expand(each: ComparisonSection, document: StudyDocument) -> list[Comparison]:
    if each.a == each.b:
        return []
    arms = make_arms(document)
    if {each.a, each.b} <= {arm.name for arm in arms}:
        return [Comparison(each.id, each.a, each.b, each.claim, each.margin)]
    a, b = ({arm.model: arm.name for arm in arms if arm.view == view} for view in (each.a, each.b))
    both = [model for model in a if model in b]
    ids = [each.id if len(both) == 1 else f"{each.id}/{model}" for model in both]
    return [Comparison(id_, a[model], b[model], each.claim, each.margin) for id_, model in zip(ids, both, strict=True)]


def _check_primary(document: StudyDocument, complain: Complain) -> None:
    if document.primary is None:
        return
    named = document.primary.comparison
    expanded = {each.id: [one.id for one in _expand(each, document)] for each in document.comparisons}
    ids = [id_ for found in expanded.values() for id_ in found]
    # A comparison without a pair has been complained of; its id is known all the same.
    empty = not expanded.get(named.partition("/")[0], ["?"])
    if named not in ids and not empty:
        complain(("primary", "comparison"), f"unknown comparison {named!r}", one_of(named, ids))


def _check_subgroups(document: StudyDocument, complain: Complain) -> None:
    for number, name in enumerate(document.subgroups):
        if name not in document.covariates:
            allowed = one_of(name, document.covariates)
            complain(("subgroups", number), f"{name!r} is not among the covariates", allowed)


# Each check with the sections that it reads.
_CHECKS: tuple[tuple[Callable[[StudyDocument, Complain], None], Sequence[str]], ...] = (
    (_check_splits, ("splits",)),
    (_check_eligibility, ("eligibility",)),
    (_check_arms, ("arms", "models")),
    (_check_augmentation, ("training", "arms", "models")),
    (_check_threshold, ("threshold",)),
    (_check_comparisons, ("comparisons", "arms", "models")),
    (_check_primary, ("primary", "comparisons", "arms", "models")),
    (_check_subgroups, ("subgroups", "covariates")),
)


def make_eligibility(sections: tuple[EligibilitySection, ...]) -> tuple[Eligibility, ...]:
    """Return the ordered eligibility steps."""
    return tuple(
        Eligibility(each.reason, each.drop.column, condition, getattr(each.drop, condition), each.cohort)  # type: ignore[arg-type]
        for each in sections
        for condition in _given(each.drop)
    )


def make_splits(document: StudyDocument) -> tuple[SplitRule, ...]:
    """Return the rules of development, then of every test set in the order of the file."""
    return tuple(
        SplitRule(name, each.from_, each.positives, each.negatives) for name, each in _splits(document).items()
    )


def _splits(document: StudyDocument) -> dict[str, SplitSection]:
    development = document.splits.development
    return {**({DEVELOPMENT: development} if development else {}), **document.splits.tests}
