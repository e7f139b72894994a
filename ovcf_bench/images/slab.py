"""One file of equally sized images that nobody can remove while somebody uses it."""

from __future__ import annotations

import os
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ovcf_bench.images.preprocess import Pixels16, Preprocessing

if sys.platform != "win32":
    import fcntl


class Hold:
    """Keeps a slab from being removed until this object is dropped or the process ends, however it ends."""

    __slots__ = ("__weakref__", "release")

    def __init__(self, handle: int) -> None:
        self.release = weakref.finalize(self, os.close, handle)


@dataclass(frozen=True, slots=True)
class Slab:
    """Raw uint16 images of one preprocessing, one after another; its path is never used twice."""

    path: Path
    preprocessing: Preprocessing

    def hold(self) -> Hold | None:
        """Return a hold on the slab, which also counts as its last use; None when it has been removed."""
        try:
            handle = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return None
        hold = Hold(handle)
        _lock(handle, alone=False)
        if os.fstat(handle).st_nlink == 0:  # removed while this process waited for the lock
            return None
        os.utime(self.path)
        return hold

    def write(self, row: int, image: Pixels16) -> None:
        """Write an image; other processes may write other rows, or the same bytes to this row, meanwhile."""
        with self.path.open("r+b") as file:
            file.seek(row * self.preprocessing.image_bytes)
            file.write(image.astype("<u2").tobytes())

    def sync(self) -> None:
        """Wait until everything written is on the disk."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())

    def images(self) -> Pixels16:
        """Return all rows, (n, height, width), mapped from the file and read when they are indexed."""
        n = self.path.stat().st_size // self.preprocessing.image_bytes
        shape = (n, self.preprocessing.height, self.preprocessing.width)
        if not n:  # an empty file cannot be mapped
            return np.empty(shape, dtype=np.uint16)
        return np.asarray(np.memmap(self.path, dtype="<u2", mode="r", shape=shape))


def remove_unused(path: Path) -> bool:
    """Remove a slab's file unless a process holds it; return whether it is gone."""
    if sys.platform == "win32":  # an open file cannot be removed there: that protects it as well
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            return False
        return True
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        if unused := _lock(handle, alone=True):
            path.unlink(missing_ok=True)
        return unused
    finally:
        os.close(handle)


def _lock(handle: int, *, alone: bool) -> bool:
    """Lock a slab, shared with others or alone; return False when another process holds what is wanted alone."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: the slab is used unprotected
            return True
    return True
