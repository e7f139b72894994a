"""Carries a study out: cohort, splits, plan, units, score table, findings, records."""

from ovcf_bench.runner.check import Checked, check_study, estimate_seconds
from ovcf_bench.runner.contact_sheet import contact_sheet
from ovcf_bench.runner.execute import RunResult, plan_study, run_study
from ovcf_bench.runner.opened import Opened, open_cohorts
from ovcf_bench.runner.options import Options
from ovcf_bench.runner.prepare import Prepared, prepare
from ovcf_bench.runner.share import SharedStudy, list_images, share_study
from ovcf_bench.runner.watch import Silent, Watch

__all__ = [
    "Checked",
    "Opened",
    "Options",
    "Prepared",
    "RunResult",
    "SharedStudy",
    "Silent",
    "Watch",
    "check_study",
    "contact_sheet",
    "estimate_seconds",
    "list_images",
    "open_cohorts",
    "plan_study",
    "prepare",
    "run_study",
    "share_study",
]
