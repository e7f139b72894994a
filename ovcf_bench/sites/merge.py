"""Back at the study: a site's scores are verified and become a further test set, in a run folder of their own."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path

import pandas as pd

from ovcf_bench import findings, records, scores
from ovcf_bench.cohort import count_cohort
from ovcf_bench.data.preparing import split_counts
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import whole_folder
from ovcf_bench.records import AddedSite, CohortFlow, RunFolder, SiteAnswer
from ovcf_bench.sites.returned import Returned, read_returned, verify
from ovcf_bench.vocabulary import EligibilityStep


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
    verify(returned, own, folder.read(records.PROVENANCE))
    target = run.with_name(f"{run.name}+{returned.site}")
    if target.exists():
        raise BenchError(Problem(target.name, "is there already", "Remove it, or name the site differently."))
    with whole_folder(target) as made:
        _write(RunFolder(made), run, returned, own, added_site(returned.about, found, told is not None))
        findings.rebuild(made)
    return target


def added_site(about: SiteAnswer, digest: str, hash_was_told: bool) -> AddedSite:
    """Return a site's answer as the run records it; digest : of the file."""
    return AddedSite(**dataclasses.asdict(about), file_sha256=digest, hash_was_told=hash_was_told)


def _write(made: RunFolder, run: Path, returned: Returned, own: pd.DataFrame, added: AddedSite) -> None:
    anew = shutil.ignore_patterns(records.REPORT, records.FINDINGS, records.GALLERY.file)
    shutil.copytree(run, made.path, ignore=anew, dirs_exist_ok=True)
    joined = scores.build(pd.concat([own, returned.table], ignore_index=True))
    made.write_text(records.SCORES, scores.to_csv(joined))
    made.write(records.SITES, (made.find(records.SITES) or {}) | {returned.site: added})
    said = made.read(records.PROVENANCE)
    proven = f"{said.leakage.statement.rstrip('.')}. {returned.site}, scored elsewhere, is no part of this proof."
    leakage = dataclasses.replace(said.leakage, statement=proven)
    made.write(records.PROVENANCE, dataclasses.replace(said, leakage=leakage))
    _extend(made, returned.table, returned.site)


def _extend(target: RunFolder, table: pd.DataFrame, site: str) -> None:
    """Add the site's patients to flow, splits and cohort table."""
    rows = table[table["ensemble"] == "mean_logit"]
    images = pd.concat(
        [part.assign(view=view) for name, part in rows.groupby("view", sort=False) for view in str(name).split("+")]
    ).drop_duplicates(["exam_id", "view"], ignore_index=True)
    everyone, nobody = count_cohort(images), count_cohort(images.iloc[:0])
    flow = target.read(records.FLOW)
    step = EligibilityStep("scored at the site", "", everyone, nobody, everyone)
    counts = split_counts(images.sort_values("exam_id", kind="stable"), site)
    target.write(
        records.FLOW,
        dataclasses.replace(
            flow,
            cohorts={**flow.cohorts, site: CohortFlow((), (step,))},
            splits={**flow.splits, site: counts},
        ),
    )
    patients = images.drop_duplicates("patient_id").assign(cohort=site, split=site, site=site)
    patients["label"] = patients["patient_id"].map(images.groupby("patient_id")["label"].max())
    for name in (records.COHORT, records.SPLITS):
        known = target.read_table(name).astype({"fold": "Int64"})
        new = patients.reindex(columns=known.columns).astype({"fold": "Int64"})
        target.write_table(name, pd.concat([known, new], ignore_index=True))
