"""What can be known of a study before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovcf_bench.data.decoding import warm_up_for
from ovcf_bench.data.existing import read_existing
from ovcf_bench.data.inspecting import inspect, problems_of
from ovcf_bench.data.opening import open_cohorts
from ovcf_bench.data.precision import probe_of
from ovcf_bench.data.preparing import assign_patients, prepare
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.executors import Job, only_result
from ovcf_bench.executors.processes import Report
from ovcf_bench.hooks.contracts import ModelPlugin
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.plan import Plan
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.runner.execute import check_models, models_of
from ovcf_bench.study import Study

if TYPE_CHECKING:
    from ovcf_bench.records import CheckResult

_SCORING_SHARE = 0.35  # scoring an image costs about a third of training on it: no gradients


@dataclass(slots=True)
class Checked:
    """Patients in each split, what the checks found, and every problem that would stop a run."""

    splits: Mapping[str, int] = field(default_factory=dict)
    results: tuple[CheckResult, ...] = ()
    unusable: Mapping[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check_study(study: Study, registry: Registry, options: Options, watch: Watch, *, pixels: bool) -> Checked:
    """Return everything that is wrong or odd: models, data and splits, and (`pixels`) what the images tell."""
    checked = Checked()
    warm_up_for(options.threads, training=False)
    # Models are checked beside the data: a model's library may take seconds to import.
    with ThreadPoolExecutor(1) as beside:
        models = beside.submit(_check_models_elsewhere, study, registry)
        _check_data(study, registry, options, watch, checked, pixels=pixels)
    try:
        models.result()
    except BenchError as error:
        checked.problems[:0] = error.problems
    return checked


def _check_models_elsewhere(study: Study, registry: Registry) -> None:
    only_result(Job("models", _check_models_here, (study, models_of(study, registry))))


def _check_models_here(asked: tuple[Study, Mapping[str, ModelPlugin]], report: Report) -> None:
    check_models(*asked)


def _check_data(
    study: Study, registry: Registry, options: Options, watch: Watch, checked: Checked, *, pixels: bool
) -> None:
    try:
        pseudonyms = Pseudonyms(load_key(options.key))
        prepared = prepare(study, registry, pseudonyms, options, watch, training=False) if pixels else None
        opened = prepared.opened if prepared else open_cohorts(study, registry, watch)
        checked.unusable = {name: len(each.unusable) for name, each in opened.items() if each.unusable}
        splits = prepared.splits if prepared else assign_patients(study, opened, pseudonyms)[2]
        checked.splits = {str(name): int(n) for name, n in splits["split"].value_counts(sort=False).items()}
        if prepared:
            checked.results = inspect(prepared, options)
            checked.problems += problems_of(checked.results)
            read_existing(study, models_of(study, registry), prepared, pseudonyms)
    except BenchError as error:
        checked.problems += error.problems


def measure_seconds(study: Study, plan: Plan, registry: Registry, options: Options, watch: Watch) -> dict[str, float]:
    """Return the seconds that a unit will take, by arm, from a few measured training steps.

    Arms that the core does not train are not in it: nothing of theirs can be measured by steps.
    """
    from ovcf_bench.training.device import seconds_per_image

    models = models_of(study, registry)
    trained = [arm for arm in study.arms if models[arm.model].build is not None]
    if not trained:
        return {}
    watch.say("Measuring a few training steps")
    precision = next(
        str(unit.identity["training"]["precision"]) for unit in plan.units if models[unit.arm.model].build is not None
    )
    job = Job("estimate", seconds_per_image, probe_of(study, models, trained, options, precision))
    per_image = dict(zip((arm.name for arm in trained), only_result(job), strict=True))
    epochs = study.document.training.epochs
    return {
        unit.arm.name: per_image[unit.arm.name] * (unit.n_train * epochs + _SCORING_SHARE * unit.n_scored)
        for unit in plan.units
        if unit.arm.name in per_image
    }
