"""Decoded images on disk: one slab of equally sized images per preprocessing, one index for all.

An image is known by an opaque key (a pseudonym of where it came from) and by the digest of its pixels. A digest
has one row in the slab of each preprocessing, so equal images share it. Two processes that decode the same image
write the same bytes to the same row; a row counts once it is marked, after its pixels are on disk. So a process
may be killed at any moment: what it has not marked is decoded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.images.index import Index, Mark
from ovcf_bench.images.preprocess import Appearance, Pixels16, Preprocessing, pixel_digest, resize, thumbnail_of
from ovcf_bench.images.slab import Hold, Slab, remove_unused
from ovcf_bench.wording import plural

_BATCH = 64  # images whose marks wait for the disk together
_SLABS = "*.u16"
_MORE_ROOM = "Raise OVCF_BENCH_CACHE_GB, use a smaller image_size, or wait until other runs have ended."


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What is kept for one preprocessing."""

    version: str
    images: int
    bytes: int
    last_used: datetime


class MappedPixels:
    """Images in a slab, read when they are indexed (`api.Pixels`); another process opens the slab anew."""

    def __init__(self, slab: Slab, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        self._slab = slab
        self._rows = rows  # (n, n_views)
        self._mapped: tuple[Hold, Pixels16] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return MappedPixels, (self._slab, self._rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, n_views, H, W)."""
        n, n_views = self._rows.shape
        return n, n_views, self._slab.preprocessing.height, self._slab.preprocessing.width

    def __getitem__(self, rows: Any) -> Pixels16:
        """Return the images at `rows` (an index array or a slice), (len(rows), n_views, H, W) uint16.

        Raises DataError when the slab was cleared in the meantime.
        """
        if self._mapped is None:
            hold = self._slab.hold()
            if hold is None:
                raise _gone(self._rows.size, self._rows.size)
            self._mapped = hold, self._slab.images()
        images: Pixels16 = self._mapped[1][self._rows[rows]]
        return images


@dataclass(frozen=True, slots=True)
class _HeldSlab:
    id: int
    slab: Slab
    hold: Hold


class ImageCache:
    """The cache in `folder`, whose slabs take `limit_bytes` at most.

    What an object has asked for stays until the object is gone; other slabs make room, the least recently used
    first, unless another process uses them. An object serves one thread and may be sent to other processes.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._index = Index(folder)
        self._held: dict[str, _HeldSlab] = {}
        self._marks: list[Mark] = []
        self._marks_at_once = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process opens the index itself: SQLite's connections must not cross a fork (sqlite.org/howtocorrupt).
        return ImageCache, (self.folder, self.limit_bytes)

    def digests(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the pixel digest of every key that is known."""
        return self._index.digests(keys)

    def stored(self, keys: Sequence[str], preprocessing: Preprocessing) -> set[str]:
        """Return the keys whose pixels are there at this size."""
        return set(self._rows(keys, preprocessing))

    def appearances(self, digests: Sequence[str]) -> dict[str, Appearance]:
        """Return what every image of these digests looked like before it was resized; unknown ones are left out."""
        return self._index.appearances(digests)

    def put(self, key: str, image: Pixels16, preprocessing: Preprocessing) -> str:
        """Keep a source image at the size of a preprocessing, with its look, and return its digest.

        Raises DataError when there is no room, or the disk cannot be written.
        """
        # Of the source, before it is resized: the proof against leaks must not depend on the study's image size.
        digest = pixel_digest(image)
        slab = self._write(digest, image, preprocessing)
        self._marks.append(Mark(key, digest, slab, Appearance(image.shape[0], image.shape[1], thumbnail_of(image))))
        if len(self._marks) >= self._marks_at_once:
            self._flush()
        return digest

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let the images put inside wait for the disk together: the last 64 at most count only at the end."""
        self._marks_at_once = _BATCH
        try:
            yield
        finally:
            self._marks_at_once = 1
            self._flush()

    def open(self, keys: Sequence[Sequence[str]], preprocessing: Preprocessing) -> MappedPixels:
        """Return the images of `keys` (n lists of n_views keys). Raises DataError when one is not there."""
        flat = [key for views in keys for key in views]
        rows = self._rows(flat, preprocessing)
        missing = sum(key not in rows for key in flat)
        held = self._hold(preprocessing)
        if missing or held is None:
            raise _gone(missing, len(flat))
        table = np.array([rows[key] for key in flat], dtype=np.int64)
        return MappedPixels(held.slab, table.reshape(len(keys), -1) if flat else table.reshape(0, 1))

    def make_room(self, images: int, preprocessing: Preprocessing) -> None:
        """Remove what has not been used for longest until `images` more fit; call it before putting them.

        Raises DataError when they cannot fit.
        """
        self._hold(preprocessing)
        wanted = images * preprocessing.image_bytes
        self._evict(wanted)
        if self._index.used_bytes() + wanted > self.limit_bytes:
            raise self._full(images, wanted)

    def entries(self) -> list[CacheEntry]:
        """Return what is kept, the most recently used first."""
        found = []
        for version, file, ready in self._index.slabs():
            path = self.folder / file
            if path.exists():
                state = path.stat()
                used = datetime.fromtimestamp(state.st_mtime, UTC)
                found.append(CacheEntry(version, ready, state.st_size, used))
        return sorted(found, key=lambda entry: entry.last_used, reverse=True)

    def clear(self) -> int:
        """Remove everything that no process is using; return the bytes of pixels that are gone."""
        self._held.clear()
        sizes = {path: path.stat().st_size for path in self.folder.glob(_SLABS)}
        freed = sum(size for path, size in sizes.items() if remove_unused(path))
        try:
            if self._index.exists:
                self._index.forget_removed()
                self._index.forget_sources()
        except DataError:  # a broken index: this is the way to be rid of it
            self._index.remove()
        return freed

    def _write(self, digest: str, image: Pixels16, preprocessing: Preprocessing) -> int:
        """Write an image's row unless it is ready; return the slab that then waits for its mark."""
        size = preprocessing.image_bytes
        while (held := self._hold(preprocessing)) is None:
            self._index.new_slab(preprocessing.version, size)
        claim = self._index.claim(held.id, digest, self.limit_bytes)
        if claim is None:
            self._evict(size)
            claim = self._index.claim(held.id, digest, self.limit_bytes)
        if claim is None:
            raise self._full(1, size)
        row, ready = claim
        if not ready:
            try:
                held.slab.write(row, resize(image, preprocessing))
            except OSError as error:
                raise _unwritable(error) from error
        return held.id

    def _flush(self) -> None:
        marks, self._marks = self._marks, []
        written = {mark.slab for mark in marks}
        try:
            for held in self._held.values():
                if held.id in written:
                    held.slab.sync()
        except OSError as error:
            raise _unwritable(error) from error
        if marks:
            self._index.record(marks)

    def _rows(self, keys: Sequence[str], preprocessing: Preprocessing) -> dict[str, int]:
        held = self._hold(preprocessing)
        return {} if held is None else self._index.rows(held.id, keys)

    def _hold(self, preprocessing: Preprocessing) -> _HeldSlab | None:
        """Return the slab of a preprocessing, which is kept from now on; None when there is none."""
        version = preprocessing.version
        while version not in self._held:
            found = self._index.slab(version)
            if found is None:
                return None
            slab = Slab(self.folder / found[1], preprocessing)
            if hold := slab.hold():  # otherwise another process has just removed it
                self._held[version] = _HeldSlab(found[0], slab, hold)
        return self._held[version]

    def _evict(self, wanted_bytes: int) -> None:
        """Remove slabs until so many bytes are free, as far as other processes allow."""
        for entry in reversed(self.entries()):
            if self._index.used_bytes() + wanted_bytes <= self.limit_bytes:
                return
            found = self._index.slab(entry.version)
            if found and remove_unused(self.folder / found[1]):
                self._index.forget_removed()

    def _full(self, images: int, wanted_bytes: int) -> DataError:
        need = plural(images, "more image needs", "more images need")
        found = f"{need} {_size(wanted_bytes)}, {_size(self._index.used_bytes())} are in use"
        return DataError(Problem("image cache", f"{found}, the limit is {_size(self.limit_bytes)}", _MORE_ROOM))


def _gone(missing: int, of: int) -> DataError:
    found = f"{missing} of {of} images are not in the cache"
    return DataError(Problem("image cache", found, "Run again: they are decoded again."))


def _unwritable(error: OSError) -> DataError:
    found = f"cannot be written ({error.strerror})"
    return DataError(Problem("image cache", found, "Make room on the disk, or choose another folder with --cache."))


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.3f} MB"
