"""Resolves what a study's parts say about each other: arms, comparisons, splits, eligibility."""

from __future__ import annotations

from collections.abc import Callable

from ovcf_bench.errors import Problem, one_of
from ovcf_bench.study.document import Keys
from ovcf_bench.study.schema import ArmsSection, ComparisonSection, Drop, EligibilitySection, StudyDocument
from ovcf_bench.vocabulary import DEVELOPMENT, Arm, Comparison, Eligibility, SplitRule

Found = list[tuple[Keys, Problem]]
Complain = Callable[[Keys, str, str], None]

_CONDITIONS = ("above", "below", "equals", "not_equals", "missing")


def check_references(document: StudyDocument, complain: Complain) -> None:
    """Call `complain(keys, found, allowed)` for every part that names something which is not there."""
    _check_splits(document, complain)
    _check_eligibility(document, complain)
    _check_arms(document, complain)
    _check_comparisons(document, complain)
    _check_primary(document, complain)


def _check_splits(document: StudyDocument, complain: Complain) -> None:
    splits = {DEVELOPMENT: document.splits.development, **document.splits.tests}
    takes_the_rest: dict[str, str] = {}
    for name, split in splits.items():
        if split.from_ not in document.cohorts:
            complain(("splits", name, "from"), f"unknown cohort {split.from_!r}", one_of(split.from_, document.cohorts))
        if split.positives is None and split.negatives is None:
            first = takes_the_rest.setdefault(split.from_, name)
            if first != name:
                found = f"{first!r} and {name!r} both take all that remain of {split.from_!r}"
                complain(("splits", name), found, "Give one of them positives and negatives.")
    if not document.splits.tests:
        complain(("splits",), "the study has no test set", "Name one: `internal: {from: COHORT}`.")


def _check_eligibility(document: StudyDocument, complain: Complain) -> None:
    for number, step in enumerate(document.eligibility):
        at: Keys = ("eligibility", number)
        if step.cohort is not None and step.cohort not in document.cohorts:
            complain((*at, "cohort"), f"unknown cohort {step.cohort!r}", one_of(step.cohort, document.cohorts))
        given = _given(step.drop)
        if len(given) != 1:
            found = f"a step drops by one condition, {len(given)} are given"
            complain((*at, "drop"), found, f"Allowed: one of {', '.join(_CONDITIONS)}.")


def _given(drop: Drop) -> list[str]:
    return [name for name in _CONDITIONS if name in drop.model_fields_set and getattr(drop, name) is not None]


def _check_arms(document: StudyDocument, complain: Complain) -> None:
    arms = document.arms
    named: list[tuple[Keys, str]] = [
        (("arms", "models", number), name) for number, name in enumerate(arms.models or ())
    ]
    for part in ("include", "exclude"):
        named += [(("arms", part, number, "model"), each.model) for number, each in enumerate(getattr(arms, part))]
    for keys, name in named:
        if name not in document.models:
            complain(keys, f"unknown model {name!r}", one_of(name, document.models))
    if not make_arms(document):
        complain(("arms",), "no arm is left", "Exclude fewer.")
    known = {arm.view for arm in make_arms(document)}
    for view in document.training.augmentation_by_view:
        if view not in known:
            complain(("training", "augmentation_by_view", view), f"no arm reads {view!r}", one_of(view, known))


def make_arms(document: StudyDocument) -> tuple[Arm, ...]:
    """Return the arms: every view with every model, plus those included, minus those excluded, each once."""
    section = document.arms
    models = section.models if section.models is not None else tuple(document.models)
    pairs = [(_views(views), model) for model in models for views in section.views]
    pairs += [(_views(each.views), each.model) for each in section.include]
    excluded = _excluded(section)
    kept = dict.fromkeys(pair for pair in pairs if pair not in excluded)
    return tuple(Arm(f"{'+'.join(views)}/{model}", views, model) for views, model in kept)


def _excluded(section: ArmsSection) -> set[tuple[tuple[str, ...], str]]:
    return {(_views(each.views), each.model) for each in section.exclude}


def _views(views: str | tuple[str, ...]) -> tuple[str, ...]:
    return (views,) if isinstance(views, str) else views


def _check_comparisons(document: StudyDocument, complain: Complain) -> None:
    arms = make_arms(document)
    names, views = {arm.name for arm in arms}, {arm.view for arm in arms}
    seen: set[str] = set()
    for number, each in enumerate(document.comparisons):
        at: Keys = ("comparisons", number)
        unknown = [side for side in ("a", "b") if getattr(each, side) not in names | views]
        for side in unknown:
            word = getattr(each, side)
            complain((*at, side), f"unknown arm {word!r}", one_of(word, names | views))
        if not unknown and not _expand(each, arms):
            complain(at, f"{each.a!r} and {each.b!r} give no pair", "Name two different arms, or two different views.")
        if each.margin is not None and each.claim == "difference":
            allowed = "Set claim: noninferiority or equivalence, or leave the margin out."
            complain((*at, "margin"), "a difference needs no margin", allowed)
        if each.id in seen:
            complain((*at, "id"), f"the id {each.id!r} stands twice", "Give every comparison its own.")
        seen.add(each.id)


def make_comparisons(document: StudyDocument) -> tuple[Comparison, ...]:
    """Return all comparisons with arm names; a pair of views gives one for every model that reads both."""
    arms = make_arms(document)
    return tuple(comparison for each in document.comparisons for comparison in _expand(each, arms))


def _expand(each: ComparisonSection, arms: tuple[Arm, ...]) -> list[Comparison]:
    by_name = {arm.name: arm for arm in arms}
    if each.a in by_name and each.b in by_name:
        pairs = [(each.a, each.b, "")] if each.a != each.b else []
    else:
        by_view = {(arm.view, arm.model): arm.name for arm in arms}
        models = list(dict.fromkeys(arm.model for arm in arms))
        both = [model for model in models if (each.a, model) in by_view and (each.b, model) in by_view]
        suffix = "/{}" if len(both) > 1 else ""
        pairs = [(by_view[each.a, model], by_view[each.b, model], suffix.format(model)) for model in both]
        pairs = pairs if each.a != each.b else []
    return [Comparison(each.id + suffix, a, b, each.claim, each.margin) for a, b, suffix in pairs]


def _check_primary(document: StudyDocument, complain: Complain) -> None:
    primary = document.primary
    if primary is None:
        return
    sets, arms = document.splits.tests, make_arms(document)
    # A comparison that names no arms has been complained of; its id is known all the same.
    ids = [id_ for each in document.comparisons for id_ in ([one.id for one in _expand(each, arms)] or [each.id])]
    if primary.set not in sets:
        complain(("primary", "set"), f"unknown test set {primary.set!r}", one_of(primary.set, sets))
    if primary.comparison not in ids:
        found = f"unknown comparison {primary.comparison!r}"
        complain(("primary", "comparison"), found, one_of(primary.comparison, ids))


def make_eligibility(sections: tuple[EligibilitySection, ...]) -> tuple[Eligibility, ...]:
    """Return the ordered eligibility steps."""
    return tuple(
        Eligibility(each.reason, each.drop.column, condition, getattr(each.drop, condition), each.cohort)  # type: ignore[arg-type]
        for each in sections
        for condition in _given(each.drop)
    )


def make_splits(document: StudyDocument) -> tuple[SplitRule, ...]:
    """Return the rules of development, then of every test set in the order of the file."""
    splits = {DEVELOPMENT: document.splits.development, **document.splits.tests}
    return tuple(SplitRule(name, each.from_, each.positives, each.negatives) for name, each in splits.items())
