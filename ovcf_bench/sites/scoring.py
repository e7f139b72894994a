"""Scores a site's images by every arm of a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import cases
from ovcf_bench.hooks.contracts import Progress
from ovcf_bench.images import resize
from ovcf_bench.predict import Bundle, open_models, open_rules
from ovcf_bench.sites.listing import SiteImages

Doubles = np.ndarray[Any, np.dtype[np.float64]]
_AT_ONCE = 64  # exams whose images are held in memory


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
    return np.stack([rule(views) for rule, *views in zip(open_rules(bundle), *of_views, strict=True)])
