"""The images that another site lists, held against what the networks read, and scored by every arm of a package."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import cases, check_exams, list_exams, open_dataset, separate
from ovcf_bench.errors import DataError, Problem
from ovcf_bench.hooks import registry
from ovcf_bench.hooks.contracts import Progress, silent
from ovcf_bench.images import Pixels16, as_uint16, resize
from ovcf_bench.predict import Bundle, open_models, open_rules
from ovcf_bench.pseudonyms import Pseudonyms
from ovcf_bench.scores import Doubles
from ovcf_bench.study import read_params

_FORMAT = "png"  # a CSV lists the files: plain pictures, or DICOM
_SHOWN = 20  # problems
_AT_ONCE = 64  # exams whose images are held in memory


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
    wrong = []
    views_of_exam = images.groupby("exam_id")["view"].agg(set)
    for views in views_of_arms:
        if lacking := [view for view in views if view not in set(images["view"])]:
            wrong.append((f"lists no image of the view {', '.join(map(repr, lacking))}", "The networks read that."))
        elif not views_of_exam.map(set(views).issubset).any():
            wrong.append((f"no exam has all of {', '.join(views)}", "The networks read them together."))
    if images["label"].nunique() < 2:
        wrong.append(("all labels are alike", "Discrimination needs positive and negative patients."))
    if wrong:
        raise DataError(*(Problem("--data", *each) for each in dict.fromkeys(wrong)))


def score_arms(
    bundles: Sequence[Bundle], given: SiteImages, device: str, threads: int, progress: Progress
) -> tuple[dict[str, Doubles], dict[str, int | None]]:
    """Return the logits (n_units, n) of every arm, and how many images of each view are unlike those of development.

    Images are read once for all arms of the same views; an arm that joins others takes the scores that these have.
    """
    scored: dict[str, Doubles] = {}
    unusual: dict[str, int | None] = {}
    reading = [bundle for bundle in bundles if not bundle.members]
    for views in dict.fromkeys(bundle.arm.views for bundle in reading):
        alike = [bundle for bundle in reading if bundle.arm.views == views]
        found, odd = _score_images(alike, given, cases(given.images, views), device, threads, progress)
        scored |= found
        for view, n in odd.items():
            known = unusual.get(view)  # an arm of several views may read fewer
            unusual[view] = n if known is None or n is None else max(known, n)
    for bundle in bundles:
        if bundle.members:
            scored[bundle.arm.name] = _join(bundle, scored, given.images)
    return scored, unusual


def _score_images(
    bundles: Sequence[Bundle], given: SiteImages, part: pd.DataFrame, device: str, threads: int, progress: Progress
) -> tuple[dict[str, Doubles], dict[str, int | None]]:
    """Score the cases of arms that read the same views, some at a time."""
    first = bundles[0]
    models = {bundle.arm.name: open_models(bundle, device, threads) for bundle in bundles}
    made: dict[str, list[Doubles]] = {name: [] for name in models}
    odd: dict[str, int | None] = {view: 0 if view in first.usual else None for view in first.arm.views}
    for start in range(0, len(part), _AT_ONCE):
        keys = part["cache_keys"].iloc[start : start + _AT_ONCE]
        pixels = np.stack([np.stack([resize(given.read(key), first.preprocessing) for key in exam]) for exam in keys])
        for place, view in enumerate(first.arm.views):
            if view in first.usual:
                odd[view] = (odd[view] or 0) + sum(bool(first.usual[view].unusual(each[place])) for each in pixels)
        for name, of_units in models.items():
            made[name].append(np.stack([model(pixels) for model in of_units]))
        progress(f"Scoring images of {' and '.join(first.arm.views)}", start + len(keys), len(part))
    return {name: np.concatenate(parts, axis=1) for name, parts in made.items()}, odd


def _join(bundle: Bundle, scored: Mapping[str, Doubles], images: pd.DataFrame) -> Doubles:
    """Return the logits (n_units, n) of an arm that joins the scores of others."""
    exams = cases(images, bundle.arm.views)["exam_id"]
    of_views = []
    for member in bundle.members:
        place = {exam: row for row, exam in enumerate(cases(images, member.arm.views)["exam_id"])}
        of_views.append(scored[member.arm.name][:, [place[exam] for exam in exams]])
    return np.stack([rule(np.column_stack(views)) for rule, *views in zip(open_rules(bundle), *of_views, strict=True)])
