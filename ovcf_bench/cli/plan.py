"""`ovcf-bench plan`: what would run, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ovcf_bench.cli.options import data_options, open_all, run_options, study_options

if TYPE_CHECKING:
    from ovcf_bench.plan import Plan, PlannedUnit
    from ovcf_bench.study import Study

_EXAMPLES = """\b
Examples:
  ovcf-bench plan studies/paper.yaml
  ovcf-bench plan studies/paper.yaml --estimate
  ovcf-bench plan studies/paper.yaml --profile quick --json
"""


@click.command("plan", epilog=_EXAMPLES)
@study_options
@run_options
@data_options
@click.option("--estimate", is_flag=True, help="Measure a few training steps of every network.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(estimate: bool, as_json: bool, **asked: Any) -> None:
    """List the units of STUDY: arm, fold, key, run or cached, and what changed since an earlier run.

    Images that were never seen are read once to know their content. Nothing is trained.
    """
    from ovcf_bench.cli.progress import watching
    from ovcf_bench.runner import measure_seconds, plan_study

    study, registry, options = open_all(**asked)
    with watching() as watch:
        plan = plan_study(study, registry, options, watch)
        seconds = measure_seconds(study, plan, registry, options, watch) if estimate else {}
    if as_json:
        click.echo(json.dumps([_unit(unit, seconds) for unit in plan.units], indent=1))
    else:
        _print(study, plan, seconds, options.workers)


def _expected(unit: PlannedUnit, seconds: dict[str, float]) -> float | None:
    return seconds.get(unit.arm.name, unit.expected_seconds)


def _unit(unit: PlannedUnit, seconds: dict[str, float]) -> dict[str, Any]:
    found = {**asdict(unit.unit), "key": unit.key, "status": unit.status, "reason": unit.reason}
    training = unit.identity["training"]
    described = {"model": unit.identity["model"]["facts"], "image_size": training["image_size"]}
    return {**found, **described, "expected_seconds": _expected(unit, seconds)}


def _print(study: Study, plan: Plan, seconds: dict[str, float], workers: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    height, width = study.document.training.image_size
    table = Table("unit", "network", "image", "key", "status", "why", "time")
    for unit in plan.units:
        facts = unit.identity["model"]["facts"]
        network = str(facts.get("architecture", unit.identity["model"]["plugin"]))
        expected = _expected(unit, seconds) if unit.status == "run" else 0.0
        table.add_row(
            escape(unit.name),
            escape(network),
            f"{height}x{width}",
            unit.key[:12],
            unit.status,
            escape(unit.reason),
            _duration(expected),
        )
    console.print(table)
    times = [_expected(unit, seconds) for unit in plan.to_run]
    known = sum(each for each in times if each is not None)
    total = f", about {_duration(known / workers)} with {workers} workers" if times and None not in times else ""
    console.print(f"{len(plan.units)} units, {len(plan.to_run)} to run{total}.")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
