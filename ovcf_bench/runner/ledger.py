"""The ledger: which comparisons were declared before their test scores existed.

One file per project folder, only ever added to. An entry names a comparison, the units that it rests on, and
whether none of them had been finished when it was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ovcf_bench.plan import Plan, PlannedUnit
from ovcf_bench.provenance import digest
from ovcf_bench.store import Store
from ovcf_bench.study import Study
from ovcf_bench.vocabulary import Comparison

_NAME = "ledger.jsonl"


def declare(study: Study, plan: Plan, store: Store, runs: Path, existing: Collection[str]) -> dict[str, bool]:
    """Record the study's comparisons; return for each id whether it was declared before its scores were written.

    existing : arms whose scores exist already: what compares them was never declared before.

    Must be called before the plan's units run. What is in the ledger already is not written again.
    """
    known = _read(runs / _NAME)
    found: dict[str, bool] = {}
    new: list[dict[str, Any]] = []
    for comparison in study.comparisons:
        units = [unit for unit in plan.units if unit.arm.name in (comparison.a, comparison.b)]
        entry = _entry(study, comparison, units)
        identity = digest(entry)
        if identity not in known:
            had_scores = any(store.is_done(unit.key) for unit in units) or {comparison.a, comparison.b} & {*existing}
            known[identity] = not had_scores
            new.append({"identity": identity, "before_scores": known[identity], **entry})
        found[comparison.id] = known[identity]
    _append(runs / _NAME, new)
    return found


def _entry(study: Study, comparison: Comparison, units: Sequence[PlannedUnit]) -> dict[str, Any]:
    document = study.document
    primary = document.primary is not None and document.primary.comparison == comparison.id
    terms = {name: value for name, value in asdict(comparison).items() if name != "id"}
    named = ("ensemble", "analysis_level", "aggregation", "missing")
    rules = {name: getattr(document, name) for name in named}
    of = document.primary.set if primary and document.primary else None
    return {"comparison": {**terms, **rules}, "primary_set": of, "units": digest(sorted(unit.key for unit in units))}


def _read(path: Path) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
        except ValueError:  # a line cut short by a kill: it was never taken as declared
            continue
        found[str(entry["identity"])] = bool(entry["before_scores"])
    return found


def _append(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    if not entries:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:  # one write: lines of two runs never mix
        file.write("".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries).encode())
        file.flush()
        os.fsync(file.fileno())
