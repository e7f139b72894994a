"""Decodes images into the cache, several processes at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
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

_FOR_IMAGES = ("ovcf_bench.data.decoding",)
_FOR_UNITS = (*_FOR_IMAGES, "ovcf_bench.training.preload")


def warm_up_for_images(threads: int) -> None:
    """Let the server of all processes import what decoding needs."""
    warm_up(_FOR_IMAGES, threads)


def warm_up_for_units(threads: int) -> None:
    """Let the server of all processes import torch, whatever they do first: units follow soon."""
    warm_up(_FOR_UNITS, threads)


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
    preprocessing: Preprocessing,
    options: Options,
    watch: Watch,
    *,
    training: bool,
) -> dict[str, dict[int, Unusable]]:
    """Read `images` (cohort, row, cache_key) and put them into the cache; `training`: units follow.

    Returns, by cohort and row, the images that cannot be read. Raises DataError when the cache cannot be used or a
    dataset fails with anything else.
    """
    if images.empty:
        return {}
    warm_up(_FOR_UNITS if training else _FOR_IMAGES, options.threads)
    options.cache.make_room(len(images), preprocessing)
    watch.stage("Decoding images", len(images))
    jobs = (
        Job(f"decode-{number}", _decode_chunk, chunk)
        for number, chunk in enumerate(_chunks(study, opened, images, preprocessing, options.cache))
    )
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


def _chunks(
    study: Study,
    opened: Mapping[str, Opened],
    images: pd.DataFrame,
    preprocessing: Preprocessing,
    cache: ImageCache,
) -> Iterator[_Chunk]:
    for name, part in images.groupby("cohort", sort=False):
        cohort = opened[str(name)]
        part = _shared_keys_first(part)
        ends = _ends(part["cache_key"].tolist())
        for number, start in enumerate([0, *ends[:-1]]):
            some = part.iloc[start : ends[number]]
            rows, keys = cohort.rows(some), some["cache_key"].tolist()
            place = (cohort.name, cohort.plugin, cohort.params, study.folder)
            yield _Chunk(*place, some["row"].tolist(), rows, keys, cache, preprocessing)


def _shared_keys_first(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images with those side by side whose dataset says that their pixels are the same."""
    shared = images["cache_key"].duplicated(keep=False)
    return pd.concat([images[shared].sort_values("cache_key", kind="stable"), images[~shared]])


def _ends(keys: Sequence[str]) -> list[int]:
    """Return where each chunk ends: images of one key are never parted."""
    ends, end = [], 0
    while end < len(keys):
        end = min(end + _CHUNK, len(keys))
        while end < len(keys) and keys[end] == keys[end - 1]:
            end += 1
        ends.append(end)
    return ends


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
    since = 0
    before: tuple[str, Pixels16] | None = None
    with chunk.cache.batch():
        for number, row, key in zip(chunk.numbers, chunk.rows, chunk.keys, strict=True):
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
            since += 1
            if since == _TOLD_EVERY:
                report({"images": since})
                since = 0
    report({"images": since})
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
