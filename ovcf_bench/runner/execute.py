"""Carries out a study: plan, declare, train what is not finished, write the records."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ovcf_bench.cohort import cases
from ovcf_bench.data.decoding import warm_up_for_units
from ovcf_bench.data.existing import read_existing
from ovcf_bench.data.inspecting import inspect, refuse_errors
from ovcf_bench.data.precision import precision_of
from ovcf_bench.data.preparing import Prepared, prepare, store_missing_pixels
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.errors import PluginError, Problem
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import ModelPlugin, UnitEvent
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.plan import Plan, PlannedUnit, fused_arms, make_plan
from ovcf_bench.provenance import digest
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.records import RunFolder
from ovcf_bench.runner import write
from ovcf_bench.runner.gallery import write_gallery
from ovcf_bench.runner.jobs import JobMaker
from ovcf_bench.runner.ledger import declare
from ovcf_bench.runner.watchers import Watchers
from ovcf_bench.store import Store
from ovcf_bench.study import Study

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunResult:
    """Where the records lie, which units failed and why, and whether anything was done at all."""

    folder: RunFolder
    failed: Mapping[PlannedUnit, str]
    trained: int
    up_to_date: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    """A study that is planned and could run."""

    prepared: Prepared
    models: Mapping[str, ModelPlugin]
    cases: Mapping[tuple[str, ...], pd.DataFrame]
    store: Store
    plan: Plan

    def maker(self, options: Options) -> JobMaker:
        """Return what makes the jobs of the plan."""
        return JobMaker(
            self.prepared, self.models, self.cases, options.cache, self.store, options.device, options.threads
        )


def plan_study(study: Study, registry: Registry, options: Options, watch: Watch) -> Plan:
    """Return the plan; images not seen before are decoded once to know their content."""
    return _make_ready(study, registry, options, watch, training=False).plan


def run_study(study: Study, registry: Registry, options: Options, watch: Watch) -> RunResult:
    """Run what is not finished, then write every record but the report.

    A failing unit does not stop the others. When nothing has changed since the last time, nothing is written.
    """
    begun = time.perf_counter()
    ready = _make_ready(study, registry, options, watch, training=True)
    folder = RunFolder(options.runs / f"{study.name}-{study.digest[:8]}")
    existing = {name: each.digest for name, each in ready.prepared.existing.items()}
    inputs = digest({"study": study.digest, "units": [unit.key for unit in ready.plan.units], "listed": existing})
    if not ready.plan.to_run and write.is_complete(folder, inputs):
        return RunResult(folder, {}, 0, up_to_date=True)
    if ready.plan.to_run:
        store_missing_pixels(ready.prepared, options, watch)
    if options.fresh:
        for unit in ready.plan.to_run:
            ready.store.forget(unit.key)
    check_models(ready.prepared.study, ready.models, only={unit.arm.model for unit in ready.plan.to_run})
    watch.say("Looking for what ruins studies")
    checks = inspect(ready.prepared, options)
    for each in checks:
        if each.level == "warning":
            watch.say(f"warning: {each.check}: {each.summary}")
    refuse_errors(checks)
    declared = declare(study, ready.plan, ready.store, options.runs, ready.prepared.existing)
    failed = _run_units(ready, registry, options, watch)
    watch.say("Writing the records")
    seconds = time.perf_counter() - begun
    execution = write.Execution(ready.plan, failed, declared, checks, inputs, study.digest, seconds)
    found = write.write_records(folder, ready.prepared, ready.cases, ready.store, execution, options)
    write.write_limits(folder, ready.prepared, options)
    write_gallery(folder, found.gallery, ready.maker(options), ready.plan, options, watch)
    return RunResult(folder, failed, len(ready.plan.to_run) - len(failed), up_to_date=False)


def check_models(study: Study, models: Mapping[str, ModelPlugin], only: set[str] | None = None) -> None:
    """Raise PluginError with everything that would stop the models of the study's arms."""
    used = {arm.model for arm in study.arms} if only is None else only
    problems: list[Problem] = []
    try:
        fused_arms(study, models)
    except PluginError as error:
        problems += error.problems
    for name in sorted(used):
        check = models[name].check
        if check is not None:
            with calling(f"model {models[name].name!r}", check):
                problems += check(study.document.models[name].params)
    if problems:
        raise PluginError(*problems)


def models_of(study: Study, registry: Registry) -> dict[str, ModelPlugin]:
    """Return the plugin behind each model of the study."""
    return {name: registry.model(section.model) for name, section in study.document.models.items()}


def _make_ready(study: Study, registry: Registry, options: Options, watch: Watch, *, training: bool) -> _Ready:
    models = models_of(study, registry)
    pseudonyms = Pseudonyms(load_key(options.key))
    prepared = prepare(study, registry, pseudonyms, options, watch, training=training)
    prepared = dataclasses.replace(prepared, existing=read_existing(study, models, prepared, pseudonyms))
    of_views = {views: cases(prepared.images, views) for views in {arm.views for arm in study.arms}}
    exact = study.with_precision(precision_of(study, models, options, watch))
    store = Store(options.runs / "units")
    plan = make_plan(exact, models, of_views, prepared.tuning, store, fresh=options.fresh)
    return _Ready(prepared.with_study(exact), models, of_views, store, plan)


def _run_units(ready: _Ready, registry: Registry, options: Options, watch: Watch) -> dict[PlannedUnit, str]:
    """Run the units that are not finished; return those that failed, with the reason."""
    if not ready.plan.to_run:
        return {}
    warm_up_for_units(options.threads)
    maker = ready.maker(options)
    units = {unit.name: unit for unit in ready.plan.to_run}
    watch.units(list(units), len(ready.plan.units) - len(units))

    def tell(kind: Any, name: str, values: Mapping[str, Any]) -> None:
        event = UnitEvent(kind, **dataclasses.asdict(units[name].unit), values=values)
        watch.unit(event)
        watchers.tell(event)

    failed: dict[PlannedUnit, str] = {}

    def fail(unit: PlannedUnit, reason: str) -> None:
        failed[unit] = reason
        tell("failed", unit.name, {"reason": reason})

    def jobs(wave: Iterable[PlannedUnit]) -> Iterator[Job]:
        for unit in wave:
            tell("start", unit.name, {})
            if all(ready.store.is_done(key) for key in unit.needs):
                yield maker.job(unit)
            else:
                fail(unit, "a unit whose scores it combines has failed")

    def on_report(job: Job, values: Mapping[str, Any]) -> None:
        tell(values["kind"], job.name, values)

    single = [unit for unit in units.values() if not unit.needs]
    combining = [unit for unit in units.values() if unit.needs]  # comes when the scores that it combines are there
    with Watchers(registry, watch) as watchers:
        for wave in (single, combining):
            for outcome in run_jobs(jobs(wave), workers=options.workers, on_report=on_report):
                if outcome.reason:
                    for problem in outcome.problems:
                        _log.debug(problem.trace)
                    fail(units[outcome.job.name], outcome.reason)
                else:
                    tell("end", outcome.job.name, {})
    return failed
