"""Ways to run many jobs: processes of this machine."""

from ovcf_bench.executors.processes import Job, Outcome, run_jobs, warm_up

__all__ = ["Job", "Outcome", "run_jobs", "warm_up"]
