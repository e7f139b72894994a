"""Findings as JSON: field names as they are, full precision, null where a value does not exist."""

from __future__ import annotations

import json
from dataclasses import asdict

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.values import Findings


def to_json(findings: Findings) -> str:
    """Return findings.json as text; floats in their shortest exact form. NaN and infinity are refused."""
    return json.dumps(asdict(findings), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def analysis_to_json(analysis: Analysis) -> str:
    """Return analysis.json as text."""
    return json.dumps(asdict(analysis), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
