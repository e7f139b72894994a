"""Scores from anywhere, as a table of a file, to the findings and the report that a run gives."""

from ovcf_bench.comparing.analyse import compare_scores, to_findings
from ovcf_bench.comparing.layout import Layout, Request, read_scores

__all__ = ["Layout", "Request", "compare_scores", "read_scores", "to_findings"]
