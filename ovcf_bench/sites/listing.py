"""The images that another site lists, under pseudonyms, held against what the networks read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.cohort import check_exams, list_exams, open_dataset, separate
from ovcf_bench.errors import DataError, Problem
from ovcf_bench.hooks import registry
from ovcf_bench.hooks.contracts import silent
from ovcf_bench.images import Pixels16, as_uint16
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.study import read_params

_FORMAT = "png"  # a CSV lists the files: plain pictures, or DICOM
_SHOWN = 20  # problems


@dataclass(frozen=True, slots=True)
class SiteImages:
    """What a site lists.

    images : the exam table under pseudonyms, as `cohort.cases` takes it; read : pixels of one of its cache keys;
    left_out : number of images of each view that the study does not read.
    """

    images: pd.DataFrame
    read: Callable[[str], Pixels16]
    left_out: Mapping[str, int]


def list_site_images(
    data: Path, settings: Mapping[str, Any], pseudonyms: Pseudonyms, site: str, views: Collection[str]
) -> SiteImages:
    """Return what the CSV file `data` lists of `views`; `settings` are further parameters of what reads it.

    Whatever the file says of sites, it is one test set of that name: a column may hold words of any kind. Raises
    DataError.
    """
    plugin = registry.load().dataset_of(_FORMAT)
    assert plugin.exported is not None, "chosen for it"
    params = read_params(plugin.params, {**plugin.exported(".", data.name), **settings}, "--data")
    dataset = open_dataset(plugin, params, data.parent)
    table, unusable = separate(list_exams(plugin, dataset, silent), "--data")
    if unusable:
        raise DataError(
            *(Problem(each.place, each.reason, "Mend it, or leave the row out.") for each in unusable[:_SHOWN])
        )
    exams = check_exams(table, "--data")
    hidden = {f"{kind}_id": pseudonyms.all(kind, exams[f"{kind}_id"]) for kind in ("patient", "exam", "image")}
    rows: list[Any] = exams.to_dict("records")
    keys = [str(row) for row in range(len(exams))]
    images = exams.assign(**hidden, site=site, split=site, fold=-1, cache_key=keys, digest="")
    others = images.loc[~images["view"].isin(views), "view"].value_counts()
    used = images[images["view"].isin(views)].reset_index(drop=True)
    left_out = {str(view): int(n) for view, n in others.items()}
    return SiteImages(used, lambda number: as_uint16(dataset.read(rows[int(number)])), left_out)


def check_images(images: pd.DataFrame, views_of_arms: Iterable[tuple[str, ...]]) -> None:
    """Raise DataError when the images cannot make a test set of the study."""
    problems = []
    views_of_exam = images.groupby("exam_id")["view"].agg(set)
    for views in views_of_arms:
        if lacking := [view for view in views if view not in set(images["view"])]:
            found = f"lists no image of the view {', '.join(map(repr, lacking))}"
            problems.append(Problem("--data", found, "The networks read that."))
        elif not views_of_exam.map(set(views).issubset).any():
            problems.append(
                Problem("--data", f"no exam has all of {', '.join(views)}", "The networks read them together.")
            )
    if images["label"].nunique() < 2:
        problems.append(
            Problem("--data", "all labels are alike", "Discrimination needs positive and negative patients.")
        )
    if problems:
        raise DataError(*dict.fromkeys(problems))
