"""What ruins studies, looked for before anything is trained: balance, duplicates, shortcuts."""

from ovcf_bench.checks.results import CheckResult, Evidence
from ovcf_bench.checks.suite import NAMES, run_checks

__all__ = ["NAMES", "CheckResult", "Evidence", "run_checks"]
