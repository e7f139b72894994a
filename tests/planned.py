"""A study that is planned in this process, so that one of its units can be run here, alone."""

import os
import signal
from dataclasses import dataclass

from ovcf_bench.cohort import cases
from ovcf_bench.data import Silent, prepare
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.plan import Plan, make_plan
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.runner.execute import models_of
from ovcf_bench.runner.jobs import JobMaker
from ovcf_bench.store import Store


@dataclass(frozen=True)
class Planned:
    """The units of a study, and what makes jobs of them."""

    plan: Plan
    maker: JobMaker

    def unit(self, arm, fold=0):
        """The unit of an arm and a fold."""
        (unit,) = [each for each in self.plan.units if (each.arm.name, each.unit.fold) == (arm, fold)]
        return unit

    def run(self, arm, fold=0, report=lambda values: None):
        """Carry out one unit, as its own process would."""
        job = self.job(arm, fold)
        job.function(job.argument, report)

    def job(self, arm, fold=0):
        """The job of one unit."""
        return self.maker.job(self.unit(arm, fold))


def planned(study, plugins, options):
    """Plan a study whose images are in the cache and whose precision is given, as the runner does before it runs."""
    prepared = prepare(study, plugins, Pseudonyms(load_key(options.key)), options, Silent(), training=False)
    of_views = {views: cases(prepared.images, views) for views in {arm.views for arm in study.arms}}
    models, store = models_of(study, plugins), Store(options.runs / "units")
    plan = make_plan(study, models, of_views, prepared.tuning, store)
    return Planned(plan, JobMaker(prepared, models, of_views, options.cache, store, options.device, options.threads))


def killed_after_an_epoch(job):
    """Run a unit in a process of its own that is killed as soon as its first epoch is kept.

    Return how it ended, and what it said of that epoch.
    """
    said = []
    (outcome,) = run_jobs([Job(job.name, _killed, job)], workers=1, on_report=lambda _, values: said.append(values))
    return outcome, said[-1]


def _killed(job, report):
    def kill(values):
        report(values)
        if values["kind"] == "epoch":
            os.kill(os.getpid(), signal.SIGKILL)

    job.function(job.argument, kill)
