"""From eligible exams to patients, and to what an arm of one or several views reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ovcf_bench.cohort.eligibility import Cohort
from ovcf_bench.errors import DataError, Problem, one_of
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import plural

_CASE_COLUMNS = ("patient_id", "exam_id", "site", "label", "split", "fold")


def patient_table(cohorts: Sequence[Cohort], *, one_label: bool) -> pd.DataFrame:
    """Return one row per patient: patient_id, cohort, label (1 when any exam is positive).

    Raises DataError when a patient stands in two cohorts, or (`one_label`) has exams of both labels.
    """
    tables = []
    problems = []
    for cohort in cohorts:
        label = cohort.images.groupby("patient_id", sort=False)["label"]
        highest = label.max()
        mixed = int((highest != label.min()).sum())
        if one_label and mixed:
            found = f"{plural(mixed, 'patient has', 'patients have')} exams of both labels"
            problems.append(Problem(f"cohort {cohort.name!r}", found, "Set analysis_level: exam."))
        tables.append(highest.reset_index().assign(cohort=cohort.name))
    patients = pd.concat(tables, ignore_index=True)
    shared = int(patients["patient_id"].duplicated().sum())
    if shared:
        names = ", ".join(repr(cohort.name) for cohort in cohorts)
        stand = plural(shared, "patient_id stands", "patient_ids stand")
        problems.append(Problem(f"cohorts {names}", f"{stand} in more than one cohort"))
    if problems:
        raise DataError(*problems)
    return patients[["patient_id", "cohort", "label"]]


def cases(images: pd.DataFrame, views: Sequence[str]) -> pd.DataFrame:
    """Return what an arm of these views reads: one row per image, or per exam when there are several views.

    images : EXAM_COLUMNS with split, fold, cache_key and digest. The result keeps patient_id, exam_id, site,
    label, split and fold, has image_id ("" for several views), and the lists `cache_keys` and `digests` in the
    order of `views`. Exams that lack one of several views are left out. Raises DataError when a view is
    unknown, or when one exam has several images of a view and more than one view is asked for.
    """
    known = sorted(images["view"].unique())
    unknown = [view for view in views if view not in known]
    if unknown:
        raise DataError(*(Problem("arms", f"unknown view {view!r}", one_of(view, known)) for view in unknown))
    if len(views) == 1:
        mine = images[images["view"] == views[0]]
        lists: dict[str, Any] = {
            "cache_keys": [[key] for key in mine["cache_key"]],
            "digests": [[each] for each in mine["digest"]],
        }
        return mine[[*_CASE_COLUMNS, "image_id"]].assign(**lists).reset_index(drop=True)
    wanted = images[images["view"].isin(views)]
    twice = int(wanted.duplicated(["exam_id", "view"]).sum())
    # Which of two images belongs to the other view nobody knows: the first one by file name would be a guess.
    if twice:
        found = f"{plural(twice, 'exam has', 'exams have')} several images of one view"
        raise DataError(Problem(f"arm {'+'.join(views)!r}", found, "Keep one image per exam and view."))
    wide = wanted.set_index(["exam_id", "view"])[["cache_key", "digest"]].unstack("view")
    # A network that reads two views cannot read one; such exams are counted as missing, not filled in.
    wide = wide.reindex(wanted["exam_id"].unique()).dropna()
    first = wanted.drop_duplicates("exam_id").set_index("exam_id", drop=False).loc[wide.index, list(_CASE_COLUMNS)]
    keys = wide["cache_key"][list(views)].to_numpy().tolist()
    digests = wide["digest"][list(views)].to_numpy().tolist()
    return first.assign(image_id="", cache_keys=keys, digests=digests).reset_index(drop=True)


def by_fold(rows: pd.DataFrame, fold: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the development rows of a fold, which its unit is judged on, and those of the others.

    rows : patients, images or cases with split and fold.
    """
    development = rows["split"] == DEVELOPMENT
    mine = rows["fold"] == fold
    return rows[development & mine], rows[development & ~mine]
