"""What can be known of a study before anything is trained."""

from __future__ import annotations

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.executors import Job
from ovcf_bench.plan import Plan
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.registry import Registry
from ovcf_bench.runner.execute import check_models, models_of, only_result
from ovcf_bench.runner.jobs import build_context
from ovcf_bench.runner.opened import open_cohorts
from ovcf_bench.runner.options import Options
from ovcf_bench.runner.prepare import assign_patients
from ovcf_bench.runner.watch import Silent, Watch
from ovcf_bench.study import Study

_SCORING_SHARE = 0.35  # scoring an image costs about a third of training on it: no gradients


def check_study(study: Study, registry: Registry) -> tuple[dict[str, int], list[Problem]]:
    """Return the number of patients in each split, and all problems of models, data and splits at once."""
    problems: list[Problem] = []
    counts: dict[str, int] = {}
    try:
        check_models(study, models_of(study, registry))
    except BenchError as error:
        problems += error.problems
    try:
        _, _, splits = assign_patients(study, open_cohorts(study, registry, Silent()), Pseudonyms(load_key()))
        counts = {str(name): int(n) for name, n in splits["split"].value_counts(sort=False).items()}
    except BenchError as error:
        problems += error.problems
    return counts, problems


def estimate_seconds(study: Study, plan: Plan, registry: Registry, options: Options, watch: Watch) -> dict[str, float]:
    """Return the seconds that a unit of each arm will take, by arm, from a few measured training steps."""
    from ovcf_bench.training.measure import Probe, seconds_per_image

    watch.say("Measuring a few training steps")
    models = models_of(study, registry)
    networks = [
        (models[arm.model], study.document.models[arm.model].params, build_context(study, arm, pretrained=False))
        for arm in study.arms
    ]
    precision = str(plan.units[0].identity["training"]["precision"])
    probe = Probe(networks, options.device, options.threads, precision)
    job = Job("estimate", seconds_per_image, probe)
    per_image = dict(zip((arm.name for arm in study.arms), only_result(job), strict=True))
    epochs = study.document.training.epochs
    return {
        unit.arm.name: per_image[unit.arm.name] * (unit.n_train * epochs + _SCORING_SHARE * unit.n_scored)
        for unit in plan.units
    }
