"""Findings as JSON: field names as they are, full precision, null where a value does not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.values import Findings


def to_json(findings: Findings) -> str:
    """Return findings.json as text; floats in their shortest exact form. NaN and infinity are refused."""
    return json.dumps(_plain(findings), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; the fields of a flat field stand beside the others."""
    if is_dataclass(value):
        plain: dict[str, Any] = {}
        for each in fields(value):
            inner = _plain(getattr(value, each.name))
            plain |= inner if each.metadata.get("flat") else {each.name: inner}
        return plain
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def analysis_to_json(analysis: Analysis) -> str:
    """Return analysis.json as text."""
    return json.dumps(asdict(analysis), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
