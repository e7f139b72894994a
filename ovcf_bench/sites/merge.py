"""Back at the study: a site's scores are verified and become a further test set, in a run folder of their own."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench import findings, records, scores
from ovcf_bench.cohort import Counts
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import whole_folder
from ovcf_bench.records import RunFolder
from ovcf_bench.sites.returned import Returned, read_returned, verify


def add_site(run: Path, file: Path, told: str | None) -> Path:
    """Return a new run folder that holds the run with the site's scores as a test set, findings included.

    told : the hash that the site told by another way. Raises BenchError when hash, study, networks, patients or the
    table itself do not fit; then nothing is written.
    """
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if told is not None and found != told.strip().lower():
        raise BenchError(Problem(file.name, f"its hash is {found}", "It is not what the site told: ask them again."))
    returned = read_returned(content, file.name)
    run = run.resolve()  # of "." too the name is needed
    folder = RunFolder(run)
    own = scores.from_csv(folder.read_text(records.SCORES))
    verify(returned, own, folder.read_json(records.PROVENANCE))
    target = run.with_name(f"{run.name}+{returned.site}")
    if target.exists():
        raise BenchError(Problem(target.name, "is there already", "Remove it, or name the site differently."))
    with whole_folder(target) as made:
        _write(RunFolder(made), run, returned, own, {"file_sha256": found, "hash_was_told": told is not None})
        findings.rebuild(made)
    return target


def _write(made: RunFolder, run: Path, returned: Returned, own: pd.DataFrame, file: dict[str, Any]) -> None:
    anew = shutil.ignore_patterns(records.REPORT, records.FINDINGS, records.GALLERY)
    shutil.copytree(run, made.path, ignore=anew, dirs_exist_ok=True)
    joined = scores.build(pd.concat([own, returned.table], ignore_index=True))
    made.write_text(records.SCORES, scores.to_csv(joined))
    known = made.read_json(records.SITES) if made.has(records.SITES) else {}
    made.write_json(records.SITES, {**known, returned.site: {**returned.about, **file}})
    said = made.read_json(records.PROVENANCE)
    proven = f"{said['leakage']['statement'].rstrip('.')}. {returned.site}, scored elsewhere, is no part of this proof."
    made.write_json(records.PROVENANCE, {**said, "leakage": {**said["leakage"], "statement": proven}})
    _extend(made, returned.table, returned.site)


def _extend(target: RunFolder, table: pd.DataFrame, site: str) -> None:
    """Add the site's patients to flow, splits and cohort table."""
    rows = table[table["ensemble"] == "mean_logit"]
    images = pd.concat(
        [part.assign(view=view) for name, part in rows.groupby("view", sort=False) for view in str(name).split("+")]
    ).drop_duplicates(["exam_id", "view"], ignore_index=True)
    counts = dataclasses.asdict(Counts.of(images))
    nobody = dataclasses.asdict(Counts.of(images.iloc[:0]))
    flow = target.read_json(records.FLOW)
    step = {"reason": "scored at the site", "rule": "", "before": counts, "dropped": nobody, "after": counts}
    flow["cohorts"][site] = {"unusable": [], "steps": [step]}
    by_views = images.groupby("exam_id")["view"].agg(lambda views: "+".join(sorted(views))).value_counts()
    exams = {str(views): int(n) for views, n in by_views.items()}
    flow["splits"][site] = {"cohort": site, **counts, "exams_by_views": exams}
    target.write_json(records.FLOW, flow)
    patients = images.drop_duplicates("patient_id").assign(cohort=site, split=site, site=site)
    patients["label"] = patients["patient_id"].map(images.groupby("patient_id")["label"].max())
    for name in (records.COHORT, records.SPLITS):
        known = target.read_table(name)
        known["fold"] = known["fold"].astype("Int64")
        new = patients.reindex(columns=known.columns)
        new["fold"] = new["fold"].astype("Int64")
        target.write_table(name, pd.concat([known, new], ignore_index=True))
