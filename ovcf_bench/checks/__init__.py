"""What ruins studies, looked for before anything is trained: balance, duplicates, shortcuts."""

from ovcf_bench.checks.results import Evidence
from ovcf_bench.checks.suite import NAMES, run_checks

__all__ = ["NAMES", "Evidence", "run_checks"]
