"""Ways to run many jobs: processes of this machine."""

from ovcf_bench.executors.processes import Job, Outcome, only_result, run_jobs, warm_up

__all__ = ["Job", "Outcome", "only_result", "run_jobs", "warm_up"]
