"""Which units a study has, under which key each is kept, and whether it must run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Literal

import pandas as pd

from ovcf_bench.cohort import by_fold
from ovcf_bench.errors import PluginError, Problem, one_of
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, ModelPlugin
from ovcf_bench.provenance import canonical, differences, digest, source_digest
from ovcf_bench.store import Store, UnitRecord
from ovcf_bench.study import Study
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.vocabulary import DEVELOPMENT, PREPROCESSING_VERSION, TRAINING_VERSION, Arm, Unit

_CHANGES_NAMED = 3
_READ_BY_OTHERS = ("image_size", "fit", "checkpoint")  # the images, and who is set aside for tuning


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """One unit of an arm: its key, what the key is the hash of, and why it runs or does not."""

    unit: Unit
    arm: Arm
    key: str
    identity: Mapping[str, Any] = field(hash=False, compare=False, repr=False)
    n_train: int  # images (or exams) that an epoch reads, before any are set aside for tuning
    n_scored: int  # of the own fold and all test sets
    needs: tuple[str, ...] = ()  # keys of the units whose scores it combines: view after view, fold after fold
    status: Literal["cached", "run"] = "run"
    reason: str = "new"
    expected_seconds: float | None = None

    @property
    def name(self) -> str:
        """The unit as a user reads it."""
        return self.unit.name


@dataclass(frozen=True, slots=True)
class Plan:
    """All units of a study in their fixed order: arm, repeat, fold."""

    units: tuple[PlannedUnit, ...]

    @property
    def to_run(self) -> tuple[PlannedUnit, ...]:
        """The units without finished scores."""
        return tuple(unit for unit in self.units if unit.status == "run")


def make_plan(
    study: Study,
    models: Mapping[str, ModelPlugin],
    cases: Mapping[tuple[str, ...], pd.DataFrame],
    tuning: Mapping[int, set[str]],
    store: Store,
    *,
    fresh: bool = False,
) -> Plan:
    """Return the plan of a study whose precision has been chosen.

    models : the plugin behind each model of the study; cases : what the arms of each combination of views read
    (`cohort.cases`); tuning : by fold, the patients who choose the checkpoint; `fresh` ignores finished units.
    """
    parts = {views: _case_digests(table) for views, table in cases.items()}
    members = fused_arms(study, models)
    planned: dict[str, list[PlannedUnit]] = {}
    trained = [arm for arm in study.arms if models[arm.model].listed is None]
    for arm in sorted(trained, key=lambda each: each.name in members):  # those that combine others come last
        shared = _shared_identity(study, arm, models[arm.model])
        for repeat in range(study.document.repeats):
            needs = tuple(
                each.key for name in members.get(arm.name, ()) for each in planned[name] if each.unit.repeat == repeat
            )
            for fold in range(study.document.splits.folds):
                chosen = sorted(tuning.get(fold, ()))
                own = {"cases": parts[arm.views], "held_out": fold, "repeat": repeat, "tuning": digest(chosen)}
                identity = {**shared, **own, **({"combines": list(needs)} if needs else {})}
                _, others = by_fold(cases[arm.views], fold)
                scored = len(cases[arm.views]) - len(others)
                unit = Unit(arm.name, repeat, fold)
                one = PlannedUnit(unit, arm, digest(identity), identity, len(others), scored, needs)
                planned.setdefault(arm.name, []).append(one)
    ordered = [one for arm in trained for one in planned[arm.name]]
    return Plan(tuple(_with_status(ordered, store, fresh)))


def fused_arms(study: Study, models: Mapping[str, ModelPlugin]) -> dict[str, tuple[str, ...]]:
    """Return, by arm, the arms whose scores it combines: one for each of its views.

    Raises PluginError when one of them is no arm of the study, or itself combines others.
    """
    names = {arm.name: arm for arm in study.arms}
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for arm in study.arms:
        plugin = models[arm.model]
        if plugin.fuses is None:
            continue
        where = f"arm {arm.name!r}"
        with calling(f"model {plugin.name!r}", plugin.fuses):
            of: Any = plugin.fuses(study.document.models[arm.model].params)
        if not isinstance(of, str):
            found_instead = f"returns {type(of).__name__}"
            raise PluginError(Problem(f"model {plugin.name!r}, fuses", found_instead, "Return the name of a model."))
        wanted = tuple(f"{view}/{of}" for view in arm.views)
        lacking = [name for name in wanted if name not in names]
        if lacking:
            known = one_of(lacking[0], [each.name for each in study.arms if not _is_no_network(models[each.model])])
            problems.append(Problem(where, f"combines {lacking[0]!r}, which is no arm of the study", known))
        elif len(arm.views) < 2 or any(_is_no_network(models[names[name].model]) for name in wanted):
            example = "Example: include: [{views: [ap, lateral], model: fused}]."
            problems.append(Problem(where, "combines several views, each read by a model of its own", example))
        found[arm.name] = wanted
    if problems:
        raise PluginError(*problems)
    return found


def _is_no_network(plugin: ModelPlugin) -> bool:
    """Whether a model has no units of folds whose scores could be combined."""
    return plugin.fuses is not None or plugin.listed is not None


def _shared_identity(study: Study, arm: Arm, plugin: ModelPlugin) -> dict[str, Any]:
    section = study.document.models[arm.model]
    training = training_of(study.document.training, arm).model_dump(mode="json")
    # All settings change the scores of a unit only where the core trains.
    read = training if plugin.build is not None else {name: training[name] for name in _READ_BY_OTHERS}
    return {
        "training_version": TRAINING_VERSION,
        "preprocessing_version": PREPROCESSING_VERSION,
        "seed": study.document.seed,
        "views": list(arm.views),
        "model": {
            "plugin": plugin.name,
            "source": source_digest(plugin.form),
            "params": section.params.model_dump(mode="json"),
            "facts": _facts(plugin, section.params),
        },
        "training": read,
    }


def _facts(plugin: ModelPlugin, params: Any) -> dict[str, Any]:
    if plugin.describe is None:
        return {}
    with calling(f"model {plugin.name!r}", plugin.describe):
        facts = dict(plugin.describe(params))
    try:
        canonical(facts)
    except (TypeError, ValueError) as error:
        where, found = f"model {plugin.name!r}, describe", f"returns what JSON cannot hold: {error}"
        raise PluginError(Problem(where, found, "Return texts and numbers only.")) from error
    return facts


def training_of(training: TrainingSection, arm: Arm) -> TrainingSection:
    """Return the training settings that this arm reads: its own augmentation, no other view's."""
    own = training.augmentation_by_view.get(arm.view, training.augmentation)
    return training.model_copy(update={"augmentation": own, "augmentation_by_view": {}})


def build_context(study: Study, arm: Arm, *, pretrained: bool = True) -> BuildContext:
    """Return what a network of this arm must fit."""
    height, width = study.document.training.image_size
    return BuildContext(arm.views, height, width, pretrained=pretrained)


def _case_digests(table: pd.DataFrame) -> dict[str, Any]:
    """Hash ids, labels and pixels of every fold and test set once, however many units read them."""
    found: dict[str, Any] = {}
    for (split, fold), group in table.groupby(["split", "fold"], sort=True):
        text = hashlib.sha256()
        columns = (group[name] for name in ("patient_id", "exam_id", "image_id", "label", "digests"))
        for row in zip(*columns, strict=True):
            text.update(repr(row).encode())
        name = f"{split}/{fold}" if split == DEVELOPMENT else str(split)
        found[name] = text.hexdigest()
    return found


def _with_status(planned: Sequence[PlannedUnit], store: Store, fresh: bool) -> list[PlannedUnit]:
    done = {each.key for each in planned if store.is_done(each.key)}
    all_done = len(done) == len({each.key for each in planned}) and not fresh
    # Earlier units are read only when something must run: they say what changed and how long it takes.
    earlier = [] if all_done else list(store.records())
    latest = {record.unit: record for record in earlier}
    return [
        replace(each, status="cached", reason="finished earlier")
        if each.key in done and not fresh
        else replace(each, reason=_why(each, latest.get(each.unit)), expected_seconds=_expected_seconds(each, earlier))
        for each in planned
    ]


def _why(unit: PlannedUnit, before: UnitRecord | None) -> str:
    if before is None:
        return "new"
    if before.key == unit.key:
        return "asked for anew (--fresh)"
    changes = differences(before.identity, unit.identity)
    more = f" and {len(changes) - _CHANGES_NAMED} more" if len(changes) > _CHANGES_NAMED else ""
    return f"changed: {', '.join(changes[:_CHANGES_NAMED])}{more}"


def _expected_seconds(unit: PlannedUnit, earlier: Sequence[UnitRecord]) -> float | None:
    """Return the median time of earlier units of the same network and training, or None."""
    alike = [
        float(each.made["seconds"])
        for each in earlier
        if all(each.identity.get(name) == unit.identity[name] for name in ("training", "model"))
    ]
    return median(alike) if alike else None
