"""One unit of an arm that combines the scores of others: no pixels, no network."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ovcf_bench.hooks.calls import calling
from ovcf_bench.store import Store
from ovcf_bench.training.unit import SCORES, Report, UnitJob, check_fitted, finish, scores_of
from ovcf_bench.vocabulary import DEVELOPMENT


@dataclass(frozen=True, slots=True)
class FusionJob(UnitJob):
    """A unit that learns from scores and scores by them.

    members : for each view the keys of its units, one for each fold; others : exam, fold and label of the development
    exams outside the unit's fold; sets : name and ids (patient, exam, image) of what is scored, development first.
    """

    members: Sequence[Sequence[str]]
    others: Sequence[tuple[str, int, int]]
    sets: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]


def run_fusion(job: FusionJob, report: Report) -> None:
    """Fit the rule on the out-of-fold scores of the other folds, and score with it as any unit does.

    An exam of fold g has the scores of the networks that did not train on g; test exams have those of the networks of
    the unit's own fold. Raises UnitError when the rule's scores are none.
    """
    begun = time.perf_counter()
    store = Store(job.store)
    known = [[_logits(store, key) for key in keys] for keys in job.members]  # by view, by fold
    labels = np.array([label for _, _, label in job.others], dtype=np.uint8)
    rows = [[view[fold][DEVELOPMENT, exam] for view in known] for exam, fold, _ in job.others]
    assert job.plugin.fuse is not None, "only a plugin that fuses is asked for a rule"
    with calling(f"model {job.plugin.name!r}", job.plugin.fuse):
        fuser = job.plugin.fuse(job.params, np.array(rows), labels)
    check_fitted(job.plugin, "fuse", fuser)
    own = [view[job.unit.fold] for view in known]
    scored = []
    for name, ids in job.sets:
        logits = np.array([[view[name, exam] for view in own] for _, exam, _ in ids]).reshape(len(ids), len(own))
        scored.append((name, ids, scores_of(job.plugin, fuser, logits, len(ids), f"set {name!r}")))
    networks = store.record(job.members[0][job.unit.fold]).made  # the scores are theirs: so is how they were computed
    made = {name: networks[name] for name in ("device", "precision", "threads")}
    finish(job, begun, fuser, scored, [], {**made, "class": type(fuser).__name__, "parameters": None})


def _logits(store: Store, key: str) -> dict[tuple[str, str], float]:
    """Return the logits of a finished unit by set and exam."""
    rows = csv.DictReader(io.StringIO(store.read(key, SCORES).decode()))
    return {(row["set"], row["exam_id"]): float(row["logit"]) for row in rows}
