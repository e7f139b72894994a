"""Decodes images into the cache, several processes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.api import DatasetPlugin, Params
from ovcf_bench.errors import DataError, Problem
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.executors.processes import Report
from ovcf_bench.images import ImageCache, Preprocessing, as_uint16
from ovcf_bench.runner.watch import Watch
from ovcf_bench.study import Study

_CHUNK = 256
_TOLD_EVERY = 16


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
    cache: ImageCache,
    watch: Watch,
    workers: int,
) -> None:
    """Read `images` (cohort, row, cache_key) and put them into the cache. Raises DataError with all that failed."""
    if images.empty:
        return
    watch.stage("Decoding images", len(images))
    jobs = (
        Job(f"decode-{number}", _decode_chunk, chunk)
        for number, chunk in enumerate(_chunks(study, opened, images, preprocessing, cache))
    )
    outcomes = run_jobs(jobs, workers=workers, on_report=lambda job, values: watch.advance(values["images"]))
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
            rows = table.iloc[some["row"].tolist()].to_dict("records")
            yield _Chunk(plugin, params, study.folder, rows, some["cache_key"].tolist(), cache, preprocessing)


def _decode_chunk(chunk: _Chunk, report: Report) -> None:
    dataset = chunk.plugin.open(chunk.params, chunk.folder)
    problems: list[Problem] = []
    since = 0
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
