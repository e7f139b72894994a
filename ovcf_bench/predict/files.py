"""Which of the files that a user names make one exam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ovcf_bench.errors import BenchError, Problem

_DICOM_AT = 128  # bytes before the letters DICM
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")


def exams_of(paths: Sequence[Path], views: Sequence[str]) -> list[tuple[Path | None, ...]]:
    """Return the file of every view of every exam; None where a view has none.

    One view: every file, and every image file below a folder, is an exam. Several: one path for each view, in their
    order; files make one exam, folders as many as they have names (without suffix). Raises BenchError when a path is
    not there, a folder holds no image, or the paths do not go with the views.
    """
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise BenchError(Problem(path.name, "is not there", "Give image files or folders."))
    if len(views) == 1:
        return [(file,) for path in paths for file in _below(path)]
    folders = [path.is_dir() for path in paths]
    if len(paths) != len(views) or len(set(folders)) > 1:
        found = f"the arm reads {len(views)} views at once, and {len(paths)} paths are given"
        wanted = f"Give {len(views)} files, or {len(views)} folders, in this order: {', '.join(views)}."
        raise BenchError(Problem("IMAGE", found, wanted))
    if not folders[0]:
        return [tuple(paths)]
    named = [_named(folder) for folder in paths]
    return [tuple(of_view.get(name) for of_view in named) for name in sorted({name for each in named for name in each})]


def _named(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by name. Raises BenchError when two have one name."""
    found: dict[str, Path] = {}
    for file in _below(folder):
        if found.setdefault(_name(file, folder), file) != file:
            twice = "holds two images of one name, with different suffixes"
            raise BenchError(Problem(folder.name, twice, "Files of the views are joined by name: keep one."))
    return found


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    inside = sorted(each for each in path.rglob("*") if each.is_file() and _is_image(each))
    if not inside:
        raise BenchError(Problem(path.name, "the folder holds no image", f"Read are: {', '.join(SUFFIXES)}."))
    yield from inside


def _is_image(path: Path) -> bool:
    """Whether a file is one by its name, or is DICOM by its content: archives give such files no suffix."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(_DICOM_AT + 4)[_DICOM_AT:] == b"DICM"


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()
