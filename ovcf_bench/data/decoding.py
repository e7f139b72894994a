"""Decodes images into the cache, several processes at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ovcf_bench.cohort import Unusable, hide_ids
from ovcf_bench.data.opening import Opened
from ovcf_bench.data.settings import Options, Watch
from ovcf_bench.errors import DataError, PluginError, Problem
from ovcf_bench.executors import Job, run_jobs, warm_up
from ovcf_bench.executors.processes import Report
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import Dataset, DatasetPlugin, Params
from ovcf_bench.images import ImageCache, Pixels16, Preprocessing, as_uint16
from ovcf_bench.study import Study

_CHUNK = 256  # images to a process: opening a dataset and a cache batch are then paid for rarely
_TOLD_EVERY = 16  # images: seldom enough that telling is not the work


def preprocessing_of(study: Study) -> Preprocessing:
    """Return how images of this study are brought to size."""
    height, width = study.document.training.image_size
    return Preprocessing(height, width, study.document.training.fit)


def warm_up_for(threads: int, *, training: bool) -> None:
    """Let the server of all processes import what decoding needs; `training`: torch too, for units follow soon."""
    warm_up(["ovcf_bench.data.decoding", *(["ovcf_bench.training.preload"] if training else [])], threads)


@dataclass(frozen=True, slots=True)
class _Chunk:
    cohort: str
    plugin: DatasetPlugin
    params: Params
    folder: Path
    numbers: list[int]  # of the rows in the cohort's exam table
    rows: list[dict[str, Any]]
    keys: list[str]
    cache: ImageCache
    preprocessing: Preprocessing


def decode(
    study: Study,
    opened: Mapping[str, Opened],
    images: pd.DataFrame,
    options: Options,
    watch: Watch,
    *,
    training: bool,
) -> dict[str, dict[int, Unusable]]:
    """Read `images` (cohort, row, cache_key) and keep them at the study's size; `training`: units follow.

    Returns, by cohort and row, the images that cannot be read. Raises DataError when the cache cannot be used or a
    dataset fails with anything else.
    """
    if images.empty:
        return {}
    warm_up_for(options.threads, training=training)
    preprocessing = preprocessing_of(study)
    options.cache.make_room(len(images), preprocessing)
    watch.stage("Decoding images", len(images))

    def job_of(number: int, some: pd.DataFrame) -> Job:
        cohort = opened[some["cohort"].iloc[0]]
        place = (cohort.name, cohort.plugin, cohort.params, study.folder)
        rows, keys = cohort.rows(some), some["cache_key"].tolist()
        chunk = _Chunk(*place, some["row"].tolist(), rows, keys, options.cache, preprocessing)
        return Job(f"decode-{number}", _decode_chunk, chunk)

    jobs = (job_of(number, some) for number, some in enumerate(_chunks(images)))
    outcomes = run_jobs(jobs, workers=options.workers, on_report=lambda job, values: watch.advance(values["images"]))
    problems: list[Problem] = []
    failed: dict[str, dict[int, Unusable]] = {}
    for outcome in outcomes:
        problems += [_located(each, outcome.job.argument) for each in outcome.problems]
        if outcome.result:
            failed.setdefault(outcome.job.argument.cohort, {}).update(outcome.result)
    if problems:
        raise DataError(*problems)
    return failed


def _chunks(images: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield some images of one cohort at a time; those whose dataset says that their pixels are the same together."""
    for _, part in images.groupby("cohort", sort=False):
        shared = part["cache_key"].duplicated(keep=False)
        part = pd.concat([part[shared].sort_values("cache_key", kind="stable"), part[~shared]])
        keys, start = part["cache_key"].tolist(), 0
        while start < len(keys):
            end = min(start + _CHUNK, len(keys))
            while end < len(keys) and keys[end] == keys[end - 1]:
                end += 1
            yield part.iloc[start:end]
            start = end


def _located(problem: Problem, chunk: _Chunk) -> Problem:
    """Return a problem with its place: a process that died could not tell."""
    first, last = chunk.numbers[0] + 1, chunk.numbers[-1] + 1
    where = f"cohort {chunk.cohort!r}, dataset {chunk.plugin.name!r}, read, images {first} to {last}"
    return problem if problem.where else dataclasses.replace(problem, where=where)


def _decode_chunk(chunk: _Chunk, report: Report) -> dict[int, Unusable]:
    """Decode a chunk; return what cannot be read by its row."""
    dataset = chunk.plugin.open(chunk.params, chunk.folder)
    plugin = f"dataset {chunk.plugin.name!r}"
    failed: dict[int, Unusable] = {}
    before: tuple[str, Pixels16] | None = None
    with chunk.cache.batch():
        for n, (number, row, key) in enumerate(zip(chunk.numbers, chunk.rows, chunk.keys, strict=True), start=1):
            place = f"cohort {chunk.cohort!r}, image {number + 1}"
            image = _read(dataset, row, plugin, place)
            if isinstance(image, Unusable):
                failed[number] = image
            else:
                # Two images behind one key would get each other's pixels, without any error, in every later run.
                if before and before[0] == key and not np.array_equal(before[1], image):
                    found = "gives one text for two images whose pixels differ"
                    allowed = "It must tell images apart, the views of an exam too."
                    raise PluginError(Problem(f"{plugin}, fingerprint, {place}", found, allowed))
                chunk.cache.put(key, image, chunk.preprocessing)
                before = key, image
            if n % _TOLD_EVERY == 0:
                report({"images": _TOLD_EVERY})
    report({"images": len(chunk.keys) % _TOLD_EVERY})
    return failed


def _read(dataset: Dataset, row: dict[str, Any], plugin: str, place: str) -> Pixels16 | Unusable:
    try:
        with calling(plugin, dataset.read, place, told=False):
            pixels = dataset.read(row)
    except DataError as error:  # the dataset knows better where it is
        where, found = (hide_ids(text, row) for text in (error.problems[0].where or place, error.problems[0].found))
        return Unusable(where, found)
    if not isinstance(pixels, np.ndarray):  # no fault of the image
        found = f"returns {type(pixels).__name__}"
        raise PluginError(Problem(f"{plugin}, read, {place}", found, "Return a numpy array (height, width)."))
    try:
        return as_uint16(pixels)
    except DataError as error:
        return Unusable(place, f"the image {error.problems[0].found}")
