"""Carries a study out: plan, units, score table, findings, records."""

from ovcf_bench.runner.check import Checked, check_study, measure_seconds
from ovcf_bench.runner.execute import RunResult, plan_study, run_study

__all__ = ["Checked", "RunResult", "check_study", "measure_seconds", "plan_study", "run_study"]
