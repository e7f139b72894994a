"""Decodes images into the cache, several processes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.api import DatasetPlugin, Params
from ovcf_bench.errors import DataError, Problem
from ovcf_bench.executors import Job, run_jobs, warm_up
from ovcf_bench.executors.processes import Report
from ovcf_bench.images import ImageCache, Preprocessing, as_uint16
from ovcf_bench.runner.options import Options
from ovcf_bench.runner.watch import Watch
from ovcf_bench.study import Study

_CHUNK = 256
_TOLD_EVERY = 16


_FOR_IMAGES = ("ovcf_bench.runner.decode",)
_FOR_UNITS = (*_FOR_IMAGES, "ovcf_bench.training.preload")


def warm_up_for_units(threads: int) -> None:
    """Let the server of all processes import torch, whatever they do first: units follow soon."""
    warm_up(_FOR_UNITS, threads)


@dataclass(frozen=True, slots=True)
class _Chunk:
    plugin: DatasetPlugin
    params: Params
    folder: Path
    rows: list[dict[str, Any]]
    keys: list[str]
    cache: ImageCache
    preprocessing: Preprocessing | None


def decode(
    study: Study,
    opened: Mapping[str, tuple[DatasetPlugin, pd.DataFrame]],
    images: pd.DataFrame,
    preprocessing: Preprocessing | None,
    options: Options,
    watch: Watch,
) -> None:
    """Read `images` (cohort, row, cache_key) and put them into the cache. Raises DataError with all that failed."""
    if images.empty:
        return
    if preprocessing is None:
        warm_up(_FOR_IMAGES, options.threads)
    else:
        warm_up_for_units(options.threads)
        options.cache.make_room(len(images), preprocessing)
    watch.stage("Decoding images", len(images))
    jobs = (
        Job(f"decode-{number}", _decode_chunk, chunk)
        for number, chunk in enumerate(_chunks(study, opened, images, preprocessing, options.cache))
    )
    outcomes = run_jobs(jobs, workers=options.workers, on_report=lambda job, values: watch.advance(values["images"]))
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        raise DataError(*problems)


def _chunks(
    study: Study,
    opened: Mapping[str, tuple[DatasetPlugin, pd.DataFrame]],
    images: pd.DataFrame,
    preprocessing: Preprocessing | None,
    cache: ImageCache,
) -> Iterator[_Chunk]:
    for name, part in images.groupby("cohort", sort=False):
        plugin, table = opened[str(name)]
        params = study.document.cohorts[str(name)].params
        for start in range(0, len(part), _CHUNK):
            some = part.iloc[start : start + _CHUNK]
            rows = as_rows(table.iloc[some["row"].tolist()])
            yield _Chunk(plugin, params, study.folder, rows, some["cache_key"].tolist(), cache, preprocessing)


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of an exam table as a dataset's `read` takes them."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _decode_chunk(chunk: _Chunk, report: Report) -> None:
    dataset = chunk.plugin.open(chunk.params, chunk.folder)
    problems: list[Problem] = []
    since = 0
    with chunk.cache.batch():
        for row, key in zip(chunk.rows, chunk.keys, strict=True):
            try:
                chunk.cache.put(key, as_uint16(dataset.read(row)), chunk.preprocessing)
            except DataError as error:
                problems += error.problems
            since += 1
            if since == _TOLD_EVERY:
                report({"images": since})
                since = 0
    report({"images": since})
    if problems:
        raise DataError(*problems)
