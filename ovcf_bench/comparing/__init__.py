"""Scores from anywhere, as a table of a file, to the findings and the report that a run gives."""

from ovcf_bench.comparing.analyse import compare_scores, to_findings
from ovcf_bench.comparing.layout import Layout, read_scores
from ovcf_bench.comparing.request import Request

__all__ = ["Layout", "Request", "compare_scores", "read_scores", "to_findings"]
