"""Tells pickles, which run code when they are opened."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")
_ARRAYS = (".npy", ".npz")
_PACKED = (".gz", ".bz2", ".xz", ".lzma", ".lz4", ".z")


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle or holds one, by its name, its first bytes, or the arrays in it."""
    with path.open("rb") as file:
        head = file.read(6)
    name = path.with_suffix("") if path.suffix in _PACKED else path
    if name.suffix in _PICKLES:
        return True
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    if zipfile.is_zipfile(path) and _packs_pickle(path):
        return True
    return (path.suffix in _ARRAYS or head == b"\x93NUMPY") and not _opens_without_pickle(path)


def _packs_pickle(path: Path) -> bool:
    """Whether an archive has a pickle in it, as those of torch.save do."""
    with zipfile.ZipFile(path) as archive:
        return any(Path(name).suffix in _PICKLES[:2] for name in archive.namelist())


def _opens_without_pickle(path: Path) -> bool:
    """Whether numpy opens every array of a file; those of objects are pickles."""
    try:
        opened = np.load(path, allow_pickle=False)
        if isinstance(opened, np.lib.npyio.NpzFile):
            with opened:
                for name in opened.files:
                    opened[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        return False
    return True
