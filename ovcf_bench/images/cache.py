"""Decoded images on disk: one slab of equally sized rows per preprocessing, one index for all.

An image is known by an opaque key (a pseudonym of where it came from) and by the digest of its pixels. The
digest has one row in the slab of each preprocessing, so equal images share a row. Two processes that decode the
same image write the same bytes to the same row; a row counts once its mark is set, after its bytes are on disk.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.images.preprocess import Pixels16, Preprocessing, pixel_digest, resize

_INDEX, _SLAB = "index.sqlite", "pixels.u16"
_WAIT_SECONDS = 120.0  # for another process's write to the index
_IN_USE_SECONDS = 24 * 3600.0  # a slab touched within a day may belong to a run that is going on
_MANY = 900  # keys in one query
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (key TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    version TEXT NOT NULL, digest TEXT NOT NULL, row INTEGER NOT NULL, ready INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (version, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_of_version ON rows (version, row);
"""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What is kept for one preprocessing."""

    version: str
    images: int
    bytes: int
    last_used: datetime


@dataclass(frozen=True, slots=True)
class MappedPixels:
    """Images in a slab, read when indexed; travels to other processes as a list of rows (`api.Pixels`)."""

    slab: Path
    rows: np.ndarray[Any, np.dtype[np.int64]]  # (n, n_views)
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, n_views, H, W)."""
        return (self.rows.shape[0], self.rows.shape[1], self.height, self.width)

    def __getitem__(self, which: Any) -> Pixels16:
        """Return the images at `which` (an index array or a slice) as uint16."""
        size = self.height * self.width
        mapped = np.memmap(self.slab, dtype="<u2", mode="r")
        whole = mapped[: mapped.size // size * size].reshape(-1, self.height, self.width)
        return np.asarray(whole[self.rows[which]])


@dataclass(frozen=True, slots=True)
class ImageCache:
    """The cache in `folder`, at most about `limit_bytes` large."""

    folder: Path
    limit_bytes: int
    _protected: set[str] = field(default_factory=set, repr=False, compare=False)

    def digests(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the pixel digest of every key that is known."""
        return dict(self._select("SELECT key, digest FROM sources WHERE key IN ({})", keys))

    def stored(self, keys: Sequence[str], preprocessing: Preprocessing) -> set[str]:
        """Return the keys whose pixels are there at this size."""
        return set(self._rows(keys, preprocessing))

    def put(self, key: str, image: Pixels16, preprocessing: Preprocessing | None) -> str:
        """Keep an image and return its digest; without a preprocessing only the digest is kept."""
        digest = pixel_digest(image)
        with self._connection() as index:
            if preprocessing is not None:
                self._put_pixels(index, digest, image, preprocessing)
            index.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (key, digest))
        return digest

    def open(self, keys: Sequence[Sequence[str]], preprocessing: Preprocessing) -> MappedPixels:
        """Return the images of `keys` (n lists of n_views keys). Raises DataError when one is not there."""
        flat = [key for views in keys for key in views]
        rows = self._rows(flat, preprocessing)
        missing = sum(key not in rows for key in flat)
        if missing:
            found = f"{missing} of {len(flat)} images are not in the cache"
            raise DataError(Problem("image cache", found, "Run again: they are decoded again."))
        n_views = len(keys[0]) if keys else 1
        table = np.array([rows[key] for key in flat], dtype=np.int64).reshape(-1, n_views)
        return MappedPixels(self._slab(preprocessing.version), table, preprocessing.height, preprocessing.width)

    def entries(self) -> list[CacheEntry]:
        """Return what is kept, the most recently used first."""
        if not (self.folder / _INDEX).exists():
            return []
        with self._connection() as index:
            counts = index.execute("SELECT version, count(*) FROM rows WHERE ready GROUP BY version").fetchall()
        found = []
        for version, images in counts:
            slab = self._slab(version)
            if slab.exists():
                used = datetime.fromtimestamp(slab.stat().st_mtime, UTC)
                found.append(CacheEntry(version, images, slab.stat().st_size, used))
        return sorted(found, key=lambda entry: entry.last_used, reverse=True)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_room(self, images: int, preprocessing: Preprocessing) -> None:
        """Remove the least recently used slabs until `images` more fit; slabs in use stay.

        Call once before storing. Raises DataError when they cannot fit at all.
        """
        self._protected.add(preprocessing.version)
        wanted = images * preprocessing.height * preprocessing.width * 2
        if wanted > self.limit_bytes:
            found = f"{images} images need {wanted / 1e9:.1f} GB, the limit is {self.limit_bytes / 1e9:.1f} GB"
            raise DataError(Problem("image cache", found, "Raise OVCF_BENCH_CACHE_GB, or use a smaller image_size."))
        entries = self.entries()
        used = sum(entry.bytes for entry in entries) + wanted
        for entry in reversed(entries):
            idle = time.time() - entry.last_used.timestamp() > _IN_USE_SECONDS
            if used > self.limit_bytes and idle and entry.version not in self._protected:
                self._remove(entry.version)
                used -= entry.bytes

    def touch(self, preprocessing: Preprocessing) -> None:
        """Mark a slab as used now."""
        slab = self._slab(preprocessing.version)
        if slab.exists():
            os.utime(slab)

    def _put_pixels(
        self, index: sqlite3.Connection, digest: str, image: Pixels16, preprocessing: Preprocessing
    ) -> None:
        version = preprocessing.version
        index.execute(
            "INSERT OR IGNORE INTO rows SELECT ?, ?, coalesce(max(row) + 1, 0), 0 FROM rows WHERE version = ?",
            (version, digest, version),
        )
        row, ready = index.execute(
            "SELECT row, ready FROM rows WHERE version = ? AND digest = ?", (version, digest)
        ).fetchone()
        if ready:
            return
        content = resize(image, preprocessing).astype("<u2").tobytes()
        slab = self._slab(version)
        slab.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(slab, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, content, row * len(content))
        finally:
            os.close(handle)
        index.execute("UPDATE rows SET ready = 1 WHERE version = ? AND digest = ?", (version, digest))

    def _rows(self, keys: Sequence[str], preprocessing: Preprocessing) -> dict[str, int]:
        slab = self._slab(preprocessing.version)
        if not slab.exists():
            return {}
        whole = slab.stat().st_size // (preprocessing.height * preprocessing.width * 2)
        found = self._select(
            "SELECT key, row FROM sources JOIN rows USING (digest) WHERE version = ? AND ready AND key IN ({})",
            keys,
            preprocessing.version,
        )
        return {key: row for key, row in found if row < whole}

    def _select(self, query: str, keys: Sequence[str], *first: str) -> Iterator[tuple[Any, ...]]:
        if not (self.folder / _INDEX).exists():
            return
        unique = list(dict.fromkeys(keys))
        with self._connection() as index:
            for start in range(0, len(unique), _MANY):
                some = unique[start : start + _MANY]
                marks = ",".join("?" * len(some))
                yield from index.execute(query.format(marks), (*first, *some))

    def _slab(self, version: str) -> Path:
        return self.folder / version / _SLAB

    def _remove(self, version: str) -> None:
        with self._connection() as index:
            index.execute("DELETE FROM rows WHERE version = ?", (version,))
        shutil.rmtree(self.folder / version, ignore_errors=True)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Yield the index, every statement its own transaction; opened anew, so that a cache may cross processes."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        index = sqlite3.connect(self.folder / _INDEX, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            index.execute("PRAGMA synchronous = OFF")  # what a power cut loses is decoded again
            index.executescript(_SCHEMA)
            yield index
        finally:
            index.close()
