"""All checks, and what the study makes of what they find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from ovcf_bench.checks import inventory
from ovcf_bench.checks.duplicates import duplicates, near_duplicates
from ovcf_bench.checks.results import Evidence, Policy
from ovcf_bench.checks.shortcuts import shortcuts
from ovcf_bench.records import CheckResult

_CHECKS: Mapping[str, Callable[[Evidence], CheckResult]] = {
    "labels": inventory.labels,
    "views": inventory.views,
    "sites": inventory.sites,
    "remarks": inventory.remarks,
    "duplicates": duplicates,
    "near_duplicates": near_duplicates,
    "balance": inventory.balance,
    "shortcuts": shortcuts,
}
NAMES = tuple(_CHECKS)


def run_checks(evidence: Evidence, policies: Mapping[str, Policy]) -> tuple[CheckResult, ...]:
    """Return what every check finds that is not off; a warning becomes an error where the policy says so."""
    results = []
    for name, check in _CHECKS.items():
        policy = policies.get(name, "warn")
        if policy != "off":
            result = check(evidence)
            harsh = policy == "error" and result.level == "warning"
            results.append(dataclasses.replace(result, level="error") if harsh else result)
    return tuple(results)
