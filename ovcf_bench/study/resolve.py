"""Resolves what a study's parts say about each other: arms, comparisons, splits, eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ovcf_bench.errors import did_you_mean, one_of
from ovcf_bench.study.document import Keys
from ovcf_bench.study.schema import (
    ComparisonSection,
    Drop,
    EligibilitySection,
    SplitSection,
    StudyDocument,
    ThresholdSection,
    Views,
)
from ovcf_bench.vocabulary import DEVELOPMENT, Arm, Comparison, Eligibility, SplitRule


class Complain(Protocol):
    """Takes what is wrong at `keys`. `relies_on`: other values that must be right for the complaint to be."""

    def __call__(self, keys: Keys, found: str, allowed: str, *relies_on: Keys) -> None:
        """Take one complaint."""


@dataclass(frozen=True, slots=True)
class _Arms:
    """The arms of a study, looked up in the two ways in which a comparison names them."""

    names: frozenset[str]
    by_view: Mapping[str, Mapping[str, str]]  # view -> model -> name of the arm

    @classmethod
    def of(cls, document: StudyDocument) -> _Arms:
        arms = make_arms(document)
        by_view: dict[str, dict[str, str]] = {}
        for arm in arms:
            by_view.setdefault(arm.view, {})[arm.model] = arm.name
        return cls(frozenset(arm.name for arm in arms), by_view)


_CONDITIONS = ("above", "below", "equals", "not_equals", "missing")


def check_references(document: StudyDocument, complain: Complain) -> None:
    """Call `complain` for every part that contradicts another or names something which is not there."""
    arms = _Arms.of(document)
    _check_splits(document, complain)
    _check_eligibility(document, complain)
    _check_arms(document, arms, complain)
    _check_threshold(document, complain)
    _check_comparisons(document, arms, complain)
    _check_primary(document, arms, complain)
    _check_published(document, complain)
    _check_subgroups(document, complain)


def _check_splits(document: StudyDocument, complain: Complain) -> None:
    splits = _splits(document)
    takes_the_rest: dict[str, str] = {}
    for name, split in splits.items():
        if split.from_ not in document.cohorts:
            allowed = one_of(split.from_, document.cohorts)
            complain(("splits", name, "from"), f"unknown cohort {split.from_!r}", allowed, ("cohorts", split.from_))
        if split.positives is None and split.negatives is None:
            first = takes_the_rest.setdefault(split.from_, name)
            if first != name:
                found = f"{first!r} and {name!r} both take all that remain of {split.from_!r}"
                complain(("splits", name), found, "Give one of them positives and negatives.", ("splits", first))
    meant = did_you_mean(DEVELOPMENT, list(document.splits.tests))
    if document.splits.development is None and meant:
        complain(("splits",), f"lacks the key {DEVELOPMENT!r}", meant)
    if not document.splits.tests:
        complain(("splits",), "the study has no test set", "Name one: `internal: {from: COHORT}`.")


def _check_eligibility(document: StudyDocument, complain: Complain) -> None:
    for number, step in enumerate(document.eligibility):
        at: Keys = ("eligibility", number)
        if step.cohort is not None and step.cohort not in document.cohorts:
            allowed = one_of(step.cohort, document.cohorts)
            complain((*at, "cohort"), f"unknown cohort {step.cohort!r}", allowed, ("cohorts", step.cohort))
        given = _given(step.drop)
        if len(given) != 1:
            found = f"a step drops by one condition, {len(given)} are given"
            complain((*at, "drop"), found, f"Allowed: one of {', '.join(_CONDITIONS)}.")


def _given(drop: Drop) -> list[str]:
    return [name for name in _CONDITIONS if name in drop.model_fields_set and getattr(drop, name) is not None]


def _check_arms(document: StudyDocument, arms: _Arms, complain: Complain) -> None:
    section = document.arms
    named: list[tuple[Keys, str]] = [
        (("arms", "models", number), name) for number, name in enumerate(section.models or ())
    ]
    read: list[tuple[Keys, Views]] = [(("arms", "views", number), views) for number, views in enumerate(section.views)]
    for part in ("include", "exclude"):
        for number, each in enumerate(getattr(section, part)):
            named.append((("arms", part, number, "model"), each.model))
            read.append((("arms", part, number, "views"), each.views))
    for keys, name in named:
        if name not in document.models:
            complain(keys, f"unknown model {name!r}", one_of(name, document.models), ("models", name))
    for keys, views in read:
        if len(set(_views(views))) < len(_views(views)):
            complain(keys, "an arm reads a view twice", "Name every view once.")
    full = {arm.name for arm in _matrix(document)}
    for number, each in enumerate(section.exclude):
        name = f"{'+'.join(_views(each.views))}/{each.model}"
        if each.model in document.models and name not in full:
            complain(("arms", "exclude", number), f"there is no arm {name!r}", one_of(name, full), ("arms",))
    if not arms.names:
        complain(("arms",), "no arm is left", "Exclude fewer.", ("models", ""))
    for view in document.training.augmentation_by_view:
        if view not in arms.by_view:
            keys = ("training", "augmentation_by_view", view)
            complain(keys, f"no arm reads {view!r}", one_of(view, arms.by_view), ("arms",))


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


def _check_comparisons(document: StudyDocument, arms: _Arms, complain: Complain) -> None:
    known = {*arms.names, *arms.by_view}
    seen: set[str] = set()
    for number, each in enumerate(document.comparisons):
        at: Keys = ("comparisons", number)
        unknown = [side for side in ("a", "b") if getattr(each, side) not in known]
        for side in unknown:
            word = getattr(each, side)
            complain((*at, side), f"unknown arm {word!r}", one_of(word, known), ("arms",), ("models", word))
        if not unknown and not _expand(each, arms):
            complain(at, f"{each.a!r} and {each.b!r} give no pair", "Name two different arms, or two different views.")
        if each.margin is not None and each.claim == "difference":
            allowed = "Set claim: noninferiority or equivalence, or leave the margin out."
            complain((*at, "margin"), "a difference needs no margin", allowed, (*at, "claim"))
        if each.id in seen:
            complain((*at, "id"), f"the id {each.id!r} stands twice", "Give every comparison its own.")
        seen.add(each.id)


def make_comparisons(document: StudyDocument) -> tuple[Comparison, ...]:
    """Return all comparisons with arm names; a pair of views gives one for every model that reads both."""
    arms = _Arms.of(document)
    return tuple(comparison for each in document.comparisons for comparison in _expand(each, arms))


def _expand(each: ComparisonSection, arms: _Arms) -> list[Comparison]:
    if each.a == each.b:
        return []
    if each.a in arms.names and each.b in arms.names:
        return [Comparison(each.id, each.a, each.b, each.claim, each.margin)]
    a, b = arms.by_view.get(each.a, {}), arms.by_view.get(each.b, {})
    both = [model for model in a if model in b]
    ids = [each.id if len(both) == 1 else f"{each.id}/{model}" for model in both]
    return [Comparison(id_, a[model], b[model], each.claim, each.margin) for id_, model in zip(ids, both, strict=True)]


def _check_primary(document: StudyDocument, arms: _Arms, complain: Complain) -> None:
    primary = document.primary
    if primary is None:
        return
    sets = document.splits.tests
    expanded = {each.id: [one.id for one in _expand(each, arms)] for each in document.comparisons}
    ids = [id_ for found in expanded.values() for id_ in found]
    if primary.set not in sets:
        allowed = one_of(primary.set, sets)
        complain(("primary", "set"), f"unknown test set {primary.set!r}", allowed, ("splits", primary.set))
    # A comparison without a pair has been complained of; its id is known all the same.
    empty = not expanded.get(primary.comparison.partition("/")[0], ["?"])
    if primary.comparison not in ids and not empty:
        said = [("comparisons", number, key) for number in range(len(document.comparisons)) for key in ("id", "a", "b")]
        found = f"unknown comparison {primary.comparison!r}"
        complain(("primary", "comparison"), found, one_of(primary.comparison, ids), ("arms",), ("models", ""), *said)


def _check_published(document: StudyDocument, complain: Complain) -> None:
    sets = document.splits.tests
    for number, figure in enumerate(document.published.figures if document.published else ()):
        if figure.set is not None and figure.set not in sets:
            keys: Keys = ("published", "figures", number, "set")
            complain(keys, f"unknown test set {figure.set!r}", one_of(figure.set, sets), ("splits", figure.set))


def _check_subgroups(document: StudyDocument, complain: Complain) -> None:
    for number, name in enumerate(document.subgroups):
        if name not in document.covariates:
            allowed = one_of(name, document.covariates)
            complain(("subgroups", number), f"{name!r} is not among the covariates", allowed, ("covariates",))


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
