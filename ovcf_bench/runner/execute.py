"""Carries out a study: plan, declare, train what is not finished, write the records."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ovcf_bench.cohort import cases
from ovcf_bench.data.decoding import warm_up_for
from ovcf_bench.data.existing import read_existing
from ovcf_bench.data.inspecting import inspect, problems_of
from ovcf_bench.data.precision import precision_of
from ovcf_bench.data.preparing import prepare, store_missing_pixels
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.errors import DataError, PluginError, Problem
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


def plan_study(study: Study, registry: Registry, options: Options, watch: Watch) -> Plan:
    """Return the plan; images not seen before are decoded once to know their content."""
    plan, _ = _make_ready(study, registry, options, watch, training=False)
    return plan


def run_study(study: Study, registry: Registry, options: Options, watch: Watch) -> RunResult:
    """Run what is not finished, then write every record but the report.

    A failing unit does not stop the others. When nothing has changed since the last time, nothing is written.
    """
    begun = time.perf_counter()
    plan, maker = _make_ready(study, registry, options, watch, training=True)
    prepared = maker.prepared
    folder = RunFolder(options.runs / f"{study.name}-{study.digest[:8]}")
    existing = {name: each.digest for name, each in prepared.existing.items()}
    inputs = digest({"study": study.digest, "units": [unit.key for unit in plan.units], "listed": existing})
    if not plan.to_run and write.is_complete(folder, inputs):
        return RunResult(folder, {}, 0, up_to_date=True)
    if plan.to_run:
        store_missing_pixels(prepared, options, watch)
    if options.fresh:
        for unit in plan.to_run:
            maker.store.forget(unit.key)
    check_models(prepared.study, maker.models, only={unit.arm.model for unit in plan.to_run})
    watch.say("Looking for what ruins studies")
    checks = inspect(prepared, options)
    for each in checks:
        if each.level == "warning":
            watch.say(f"warning: {each.check}: {each.summary}")
    if problems := problems_of(checks):
        raise DataError(*problems)
    declared = declare(study, plan, maker.store, options.runs, prepared.existing)
    failed = _run_units(plan, maker, registry, options, watch)
    watch.say("Writing the records")
    seconds = time.perf_counter() - begun
    execution = write.Execution(plan, failed, declared, checks, inputs, study.digest, seconds)
    found = write.write_records(folder, maker, execution, options)
    write.write_limits(folder, prepared, options)
    write_gallery(folder, found.gallery, maker, plan, options, watch)
    return RunResult(folder, failed, len(plan.to_run) - len(failed), up_to_date=False)


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


def _make_ready(
    study: Study, registry: Registry, options: Options, watch: Watch, *, training: bool
) -> tuple[Plan, JobMaker]:
    """Return the plan of a study that could run, and what makes its jobs."""
    models = models_of(study, registry)
    pseudonyms = Pseudonyms(load_key(options.key))
    prepared = prepare(study, registry, pseudonyms, options, watch, training=training)
    prepared = dataclasses.replace(prepared, existing=read_existing(study, models, prepared, pseudonyms))
    of_views = {views: cases(prepared.images, views) for views in {arm.views for arm in study.arms}}
    exact = study.with_precision(precision_of(study, models, options, watch))
    store = Store(options.runs / "units")
    plan = make_plan(exact, models, of_views, prepared.tuning, store, fresh=options.fresh)
    prepared = prepared.with_study(exact)
    return plan, JobMaker(prepared, models, of_views, options.cache, store, options.device, options.threads)


def _run_units(
    plan: Plan, maker: JobMaker, registry: Registry, options: Options, watch: Watch
) -> dict[PlannedUnit, str]:
    """Run the units that are not finished; return those that failed, with the reason."""
    if not plan.to_run:
        return {}
    warm_up_for(options.threads, training=True)
    units = {unit.name: unit for unit in plan.to_run}
    watch.units(list(units), len(plan.units) - len(units))

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
            if all(maker.store.is_done(key) for key in unit.needs):
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
