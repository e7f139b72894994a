"""From a study to its images: cohorts opened, eligible, split, pseudonymous, decoded, proven free of leaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench import splits as assignment
from ovcf_bench.cohort import Cohort, Unusable, apply_eligibility, by_fold, count_cohort, patient_table, refuse_unusable
from ovcf_bench.data.decoding import decode, preprocessing_of
from ovcf_bench.data.opening import Opened, open_cohorts, views_of_exams
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.errors import DataError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import Locates
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.images import Pixels16, as_uint16
from ovcf_bench.provenance import is_bundled, source_digest
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.records import CohortFlow, Flow, SplitCounts
from ovcf_bench.study import Study

_CHOOSES_ON_TUNING_PART = ("best_auroc", "best_loss")


@dataclass(frozen=True, slots=True)
class ExistingScores:
    """Scores of an arm that exist already: by exam (pseudonym), one column for each reader; and a hash of them."""

    scores: pd.DataFrame
    digest: str

    @property
    def readers(self) -> tuple[str, ...]:
        """The names of the readers; ("",) for a single one without a name."""
        return tuple(str(name) for name in self.scores.columns)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A study's data, ready for units; identifiers are pseudonyms.

    images : one row per image that is used: EXAM_COLUMNS without source, covariates, cohort, split, fold,
    cache_key, digest; in the order of the datasets.
    """

    study: Study
    opened: Mapping[str, Opened]
    images: pd.DataFrame
    splits: pd.DataFrame
    flow: Flow
    tuning: Mapping[int, set[str]]
    proof: assignment.LeakageProof
    synthetic: tuple[str, ...]
    existing: Mapping[str, ExistingScores] = field(default_factory=dict)  # scores that exist already, by arm

    def source(self, row: Mapping[Any, Any]) -> Pixels16:
        """Return the pixels of a row of `images` as they are stored."""
        cohort = self.opened[row["cohort"]]
        (exam,) = cohort.rows(pd.DataFrame([row]))
        return as_uint16(cohort.dataset.read(exam))

    def lesions(self, row: Mapping[Any, Any]) -> list[tuple[float, float, float, float]]:
        """Return where lesions lie in a row of `images`, if its dataset knows: left, top, right, bottom as shares."""
        cohort = self.opened[row["cohort"]]
        if not isinstance(cohort.dataset, Locates):
            return []
        (exam,) = cohort.rows(pd.DataFrame([row]))
        boxes = np.clip(np.reshape(cohort.dataset.lesions(exam), (-1, 4)), 0, 1)
        return [(left, top, right, bottom) for left, top, right, bottom in boxes.tolist()]

    def with_study(self, study: Study) -> Prepared:
        """Return the same data for a study that reads the same images (its precision has been chosen)."""
        return dataclasses.replace(self, study=study)


def assign_patients(
    study: Study, opened: Mapping[str, Opened], pseudonyms: Pseudonyms
) -> tuple[list[Cohort], pd.DataFrame, pd.DataFrame]:
    """Return the eligible cohorts, their patients, and the assignment; patient_id still as the dataset gives it."""
    document = study.document
    cohorts = [apply_eligibility(name, each.exams, study.eligibility) for name, each in opened.items()]
    patients = patient_table(cohorts, one_label=document.analysis_level == "patient")
    if document.splits.file is None:
        splits = assignment.assign(patients, study.splits, document.splits.folds, document.seed)
        return cohorts, patients, splits
    path = study.folder / document.splits.file
    try:
        frozen = assignment.from_csv(path.read_text("utf-8"), path.name)
    except OSError as error:
        found = f"{document.splits.file!r} cannot be read ({error.strerror})"
        raise DataError(Problem("splits.file", found, "Paths are relative to the study file.")) from error
    # The frozen file names patients by pseudonym; the assignment here still goes by the dataset's own ids.
    written = pseudonyms.all("patient", patients["patient_id"])
    own = dict(zip(written, patients["patient_id"], strict=True))
    renamed = patients.assign(patient_id=written)
    splits = assignment.reuse(frozen, renamed, study.splits, document.splits.folds, path.name)
    return cohorts, patients, splits.assign(patient_id=splits["patient_id"].map(own))


def prepare(
    study: Study, registry: Registry, pseudonyms: Pseudonyms, options: Options, watch: Watch, *, training: bool
) -> Prepared:
    """Return the study's data; images whose pixels are not known yet are decoded and kept at the study's size.

    Images that turn out to be unreadable stop it, or leave (`on_bad_image`) before patients are assigned anew.
    training : units follow.
    """
    watch.say("Reading the cohorts")
    opened = open_cohorts(study, registry, watch)
    # A file that turns out unreadable may have carried somebody's only exam: whoever is left is dealt anew.
    while True:
        cohorts, patients, splits = assign_patients(study, opened, pseudonyms)
        images = _used_images(study, opened, cohorts, splits, pseudonyms)
        known = {"", *options.cache.digests(images["cache_key"].tolist())}
        unknown = ~images["cache_key"].isin(known)
        failed = decode(study, opened, images[unknown], options, watch, training=training)
        if not failed:
            break
        opened = _without(study, opened, failed)
    tuning = _tuning(study, patients, splits, pseudonyms)
    digests = {"": "", **options.cache.digests(images["cache_key"].tolist())}
    images = images.assign(digest=images["cache_key"].map(digests))
    if images["digest"].isna().any():
        raise DataError(Problem("image cache", "it was cleared while it was read", "Run again."))
    # By pixels as well as by name: one image filed under two patients is a leak that no identifier shows.
    proof = assignment.prove_no_leak(images)
    written = splits.assign(patient_id=pseudonyms.all("patient", splits["patient_id"]))
    flow = _flow(opened, cohorts, images, patients, splits)
    synthetic = tuple(name for name, each in opened.items() if each.plugin.synthetic)
    return Prepared(study, opened, images, written, flow, tuning, proof, synthetic)


def _without(
    study: Study, opened: Mapping[str, Opened], failed: Mapping[str, Mapping[int, Unusable]]
) -> dict[str, Opened]:
    """Return the cohorts without what cannot be read. Raises DataError unless the study excludes such images."""
    if study.document.on_bad_image == "error":
        by_cohort = [refuse_unusable([*found.values()], f"cohort {name!r}") for name, found in failed.items()]
        raise DataError(*(problem for problems in by_cohort for problem in problems))
    return {name: each.without(failed[name]) if name in failed else each for name, each in opened.items()}


def store_missing_pixels(prepared: Prepared, options: Options, watch: Watch) -> None:
    """Decode the images that the cache does not hold at the study's size."""
    study = prepared.study
    there = {"", *options.cache.stored(prepared.images["cache_key"].tolist(), preprocessing_of(study))}
    missing = prepared.images[~prepared.images["cache_key"].isin(there)]
    if failed := decode(study, prepared.opened, missing, options, watch, training=True):
        n = sum(map(len, failed.values()))
        raise DataError(Problem("images", f"{n} that were read before cannot be read any more", "Run again."))


def _used_images(
    study: Study,
    opened: Mapping[str, Opened],
    cohorts: Sequence[Cohort],
    splits: pd.DataFrame,
    pseudonyms: Pseudonyms,
) -> pd.DataFrame:
    """Return the images of assigned patients under pseudonyms; `row` and `cohort` lead back to the source."""
    place = splits.set_index("patient_id")[["split", "fold"]]
    parts = []
    for cohort in cohorts:
        source = opened[cohort.name]
        row_of = dict(zip(source.exams["image_id"], range(len(source.exams)), strict=True))
        used = cohort.images[cohort.images["patient_id"].isin(place.index)]
        used = used.assign(row=[row_of[each] for each in used["image_id"]])
        keys = _cache_keys(source, source.rows(used), pseudonyms) if source.plugin.pixels else ""
        part = used[["patient_id", "exam_id", "image_id", "view", "label", "site", "row", *study.document.covariates]]
        part = part.assign(cohort=cohort.name, cache_key=keys)
        parts.append(part.join(place, on="patient_id"))
    images = pd.concat(parts, ignore_index=True)
    hidden = {f"{kind}_id": pseudonyms.all(kind, images[f"{kind}_id"]) for kind in ("patient", "exam", "image")}
    return images.assign(**hidden)


def _cache_keys(source: Opened, rows: Sequence[Mapping[str, Any]], pseudonyms: Pseudonyms) -> list[str]:
    """Return under which key the pixels of each row are kept; the source of a plugin that is not ours is part of it."""
    name, fingerprint = source.plugin.name, source.dataset.fingerprint
    # Somebody else's decoder may change without any file changing.
    written = "" if is_bundled(source.plugin.open) else source_digest(source.plugin.open)
    with calling(f"dataset {name!r}", fingerprint, told=False):
        return [pseudonyms("source", f"{name}\0{fingerprint(row)}{written}") for row in rows]


def _tuning(study: Study, patients: pd.DataFrame, splits: pd.DataFrame, pseudonyms: Pseudonyms) -> dict[int, set[str]]:
    """Return, by fold, the patients (pseudonyms) of the other folds who choose its checkpoint."""
    # In the other modes nobody chooses, or the held-out fold does: nobody is kept from training.
    if study.document.training.checkpoint not in _CHOOSES_ON_TUNING_PART:
        return {}
    label = patients.set_index("patient_id")["label"]
    share, seed = study.document.training.tuning_share, study.document.seed
    found = {}
    for fold in range(study.document.splits.folds):
        others = by_fold(splits, fold)[1]["patient_id"]
        part = assignment.tuning_part(others.tolist(), label[others].tolist(), share, seed)
        found[fold] = set(pseudonyms.all("patient", part))
    return found


def _flow(
    opened: Mapping[str, Opened],
    cohorts: Sequence[Cohort],
    images: pd.DataFrame,
    patients: pd.DataFrame,
    splits: pd.DataFrame,
) -> Flow:
    unused = patients[~patients["patient_id"].isin(splits["patient_id"])]
    return Flow(
        cohorts={cohort.name: CohortFlow(opened[cohort.name].reasons(), cohort.steps) for cohort in cohorts},
        splits={
            str(split): split_counts(part, str(part["cohort"].iloc[0]))
            for split, part in images.groupby("split", sort=False)
        },
        unused={
            cohort.name: count_cohort(cohort.images[cohort.images["patient_id"].isin(unused["patient_id"])])
            for cohort in cohorts
            if (unused["cohort"] == cohort.name).any()
        },
    )


def split_counts(images: pd.DataFrame, cohort: str) -> SplitCounts:
    """Return the counts of a split whose images come from one cohort."""
    by_views = views_of_exams(images)[~images["exam_id"].duplicated()].value_counts()
    exams_by_views = {str(views): int(n) for views, n in by_views.items()}  # {"ap+lateral": 97, "ap": 3}
    return SplitCounts(**dataclasses.asdict(count_cohort(images)), cohort=cohort, exams_by_views=exams_by_views)
