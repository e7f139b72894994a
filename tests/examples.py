"""How many examples a test of a property draws: few and always the same ones, or many (benchmarks/properties.py)."""

import os

from hypothesis import settings

MANY = os.environ.get("OVCF_BENCH_EXAMPLES")

few = settings(max_examples=int(MANY or 25), derandomize=MANY is None, deadline=None)
