"""Findings, and what was to be computed, as records: field names as they are, full precision."""

from __future__ import annotations

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.values import SCHEMA, Findings
from ovcf_bench.records import Record

FINDINGS: Record[Findings] = Record(
    "findings.json", Findings, "`ovcf-bench report RUN` makes it anew from the other records.", SCHEMA
)
ANALYSIS: Record[Analysis] = Record("analysis.json", Analysis, "Run `ovcf-bench compare` again.")
