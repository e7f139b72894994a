"""Tells pickles, which run code when they are opened."""

from __future__ import annotations

from pathlib import Path

_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin")


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle, by its name or its first bytes."""
    with path.open("rb") as file:
        head = file.read(2)
    return path.suffix in _PICKLES or (head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"))
