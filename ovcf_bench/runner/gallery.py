"""Pictures of the exams that the findings name, with where the networks looked and where the lesion is known to be."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ovcf_bench import records
from ovcf_bench.data.decoding import preprocessing_of
from ovcf_bench.data.preparing import Prepared, store_missing_pixels
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.images import colour_overlay
from ovcf_bench.plan import Plan, build_context, training_of
from ovcf_bench.records import GalleryImage, GalleryPictures, RunFolder
from ovcf_bench.runner.jobs import JobMaker
from ovcf_bench.vocabulary import Arm

if TYPE_CHECKING:
    from ovcf_bench.findings import Gallery

_TALLEST, _QUALITY = 320, 60  # of a picture: pixels, and of WebP
_MAP = 48  # pixels of the longer side of a map; browsers enlarge it smoothly
_Maps = tuple[str, Mapping[str, np.ndarray[Any, Any]]]  # an arm, and where its networks looked on each exam: (h, w)


def write_gallery(
    folder: RunFolder,
    gallery: Gallery | None,
    maker: JobMaker,
    plan: Plan,
    options: Options,
    watch: Watch,
) -> None:
    """Write gallery.json, or remove it when the study shows no pictures."""
    prepared = maker.prepared
    wanted = prepared.study.document.report
    without = (prepared.images["digest"] == "").any()  # cases that have no images
    if gallery is None or wanted.images == "none" or not gallery.exams or without:
        folder.remove(records.GALLERY)
        return
    watch.say("Drawing the gallery")
    arms = [next(arm for arm in prepared.study.arms if arm.name == name) for name in (gallery.a, gallery.b)]
    exams = [each.exam for each in gallery.exams]
    images = _images(prepared, exams, arms)
    shown = dataclasses.replace(prepared, images=images)
    store_missing_pixels(shown, options, watch)
    looked = (
        _saliency(dataclasses.replace(maker, prepared=shown), arms, plan, options.workers) if wanted.saliency else {}
    )
    rows = [_record(shown, row, looked.get(row["view"])) for row in images.to_dict("records")]
    folder.write(records.GALLERY, GalleryPictures(_words(looked), tuple(rows)))


def _images(prepared: Prepared, exams: Sequence[str], arms: Sequence[Arm]) -> pd.DataFrame:
    """Return one image of every exam and view, in the order of the exams and of the arms' views."""
    views = list(dict.fromkeys(view for arm in arms for view in arm.views))
    images = prepared.images[prepared.images["exam_id"].isin(exams) & prepared.images["view"].isin(views)]
    first = images.drop_duplicates(["exam_id", "view"])
    place = {name: number for number, name in enumerate(dict.fromkeys((*exams, *views)))}
    return first.sort_values(["exam_id", "view"], key=lambda names: names.map(place), ignore_index=True)


def _saliency(maker: JobMaker, arms: Sequence[Arm], plan: Plan, workers: int) -> dict[str, _Maps]:
    """Return the maps of each view, of the first arm that reads it; arms that are no networks of the core have none."""
    from ovcf_bench.training.saliency import SaliencyJob, map_saliency

    prepared, study = maker.prepared, maker.prepared.study
    found: dict[str, _Maps] = {}
    jobs: list[Job] = []
    exams: dict[str, list[str]] = {}
    for arm in dict.fromkeys(arms):
        plugin = maker.models[arm.model]
        units = [each.key for each in plan.units if each.arm == arm and maker.store.is_done(each.key)]
        keys, exams[arm.name] = _keys(prepared, arm)
        if plugin.build is None or not units or not keys:
            continue
        argument = SaliencyJob(
            plugin=plugin,
            params=study.document.models[arm.model].params,
            build=build_context(study, arm, pretrained=False),
            normalisation=training_of(study.document.training, arm).normalisation,
            units=[maker.store.unit_folder(key) for key in units],
            pixels=maker.cache.open(keys, preprocessing_of(study)),
            device=maker.device,
            threads=maker.threads,
        )
        jobs.append(Job(arm.name, map_saliency, argument))
    of_arm = {arm.name: arm for arm in arms}
    for outcome in run_jobs(jobs, workers=workers):
        if outcome.result is not None:
            name = outcome.job.name
            maps = dict(zip(exams[name], outcome.result, strict=True))
            for view in of_arm[name].views:
                found.setdefault(view, (name, maps))
    return found


def _keys(prepared: Prepared, arm: Arm) -> tuple[list[list[str]], list[str]]:
    """Return the cache keys of the views of every shown exam that has all of them, and the exams."""
    keys = prepared.images.pivot(index="exam_id", columns="view", values="cache_key")
    if any(view not in keys for view in arm.views):
        return [], []
    whole = keys[list(arm.views)].dropna()
    return whole.to_numpy().tolist(), list(whole.index)


def _record(prepared: Prepared, row: Mapping[Any, Any], looked: _Maps | None) -> GalleryImage:
    exam, source, saliency = str(row["exam_id"]), prepared.source(row), ""
    if looked and exam in looked[1]:
        overlay = colour_overlay(looked[1][exam], source.shape, preprocessing_of(prepared.study), _MAP)
        saliency = _uri(overlay, quality=50, exact=True)
    eight = Image.fromarray((source >> 8).astype(np.uint8))
    eight.thumbnail((_TALLEST, _TALLEST), Image.Resampling.LANCZOS)
    picture = _uri(eight, quality=_QUALITY)
    return GalleryImage(exam, str(row["view"]), picture, saliency, tuple(prepared.lesions(row)))


def _uri(image: Image.Image, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", method=6, **options)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _words(looked: Mapping[str, _Maps]) -> str:
    if not looked:
        return ""
    who = "; ".join(f"{view} by {arm}" for view, (arm, _) in looked.items())
    return (
        f"Colour: what raised the score (Grad-CAM, mean of the folds; Selvaraju et al. 2017), {who}. Each picture is "
        "scaled to its own maximum: a pale score colours as strongly as a sure one."
    )
