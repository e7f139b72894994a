"""Back at the study: a site's scores are verified and become a further test set, in a run folder of their own."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench import findings, records, scores
from ovcf_bench.cohort import Counts
from ovcf_bench.errors import BenchError, Problem, RecordError
from ovcf_bench.records import RunFolder
from ovcf_bench.sites.validate import ABOUT, SCORES

_LARGEST = 500_000_000  # bytes of an unpacked table


def add_site(run: Path, file: Path, told: str | None) -> Path:
    """Return a new run folder that holds the run with the site's scores as a test set, findings included.

    told : the hash that the site told by another way. Raises BenchError when hash, study, networks or patients do not
    fit; then nothing is written.
    """
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if told is not None and found != told.strip().lower():
        raise BenchError(Problem(file.name, f"its hash is {found}", "It is not what the site told: ask them again."))
    text, about = _unpacked(content, file.name)
    folder = RunFolder(run)
    provenance = folder.read_json(records.PROVENANCE)
    own = scores.from_csv(folder.read_text(records.SCORES))
    table = scores.from_csv(text)
    _verify(about, table, own, provenance, text, file.name)
    target = RunFolder(run.with_name(f"{run.name}+{about['site']}"))
    if target.path.exists():
        raise BenchError(Problem(target.path.name, "is there already", "Remove it, or name the site differently."))
    shutil.copytree(run, target.path, ignore=shutil.ignore_patterns(records.REPORT, records.FINDINGS, records.GALLERY))
    target.write_text(records.SCORES, scores.to_csv(scores.build(pd.concat([own, table], ignore_index=True))))
    known = folder.read_json(records.SITES) if folder.has(records.SITES) else {}
    target.write_json(records.SITES, {**known, about["site"]: {**about, "file_sha256": found}})
    _extend(target, table, about["site"])
    findings.rebuild(target.path)
    return target.path


def _unpacked(content: bytes, name: str) -> tuple[str, dict[str, Any]]:
    """Return the table's text and what the site says of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > _LARGEST:
                raise BenchError(Problem(name, "is too large to be a table of scores"))
            text, about = (archive.read(each).decode("utf-8") for each in (SCORES, ABOUT))
            said: dict[str, Any] = json.loads(about)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        advice = "It is made by `ovcf-bench validate`."
        raise RecordError(Problem(name, f"is no file of scores ({type(error).__name__})", advice)) from error
    return text, said


def _verify(
    about: dict[str, Any], table: pd.DataFrame, own: pd.DataFrame, provenance: dict[str, Any], text: str, name: str
) -> None:
    """Raise BenchError with everything that speaks against the table."""
    problems = []
    if hashlib.sha256(text.encode()).hexdigest() != about.get("scores_sha256"):
        problems.append(Problem(name, "the table was changed after it was made", "Ask the site to send it again."))
    if about.get("study") != provenance.get("study_hash"):
        problems.append(Problem(name, "it answers another study", "Add it to the run that its package came from."))
    elif about.get("units") != sorted(each["key"] for each in provenance["units"]):
        problems.append(Problem(name, "it was scored by other networks", "The run was trained again since."))
    unknown = sorted(set(table["arm"]) - set(own["arm"]))
    if unknown or set(table["set"]) != {about.get("site")} or (table["kind"] != "test").any():
        problems.append(Problem(name, "its rows do not belong to one further test set of this run"))
    if about.get("site") in set(own["set"]):
        problems.append(Problem(name, f"the run has a set {about.get('site')!r} already", "Name the site differently."))
    shared = len(set(table["patient_id"]) & set(own["patient_id"]))
    if shared:
        problems.append(Problem(name, f"{shared} of its patients are in the study already", "It needs new patients."))
    if problems:
        raise BenchError(*problems)


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
