"""The headers of a folder, remembered: a second start reads only what is new.

Headers hold identifiers, so the index is encrypted (Fernet: AES-128-CBC with HMAC) under a key that lies in the
user's configuration folder. It is a file of lines, only ever added to: one encrypted batch of headers each. A line
that cannot be read (cut short by a kill, written under another key) is read anew from the files.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from cryptography.fernet import Fernet, InvalidToken

from ovcf_bench.api import DataError, Problem, Progress
from ovcf_plugins.datasets.dicom.headers import UNREADABLE, read_facts

_VERSION = 2  # raised whenever other facts are read
_BATCH = 500
_WORTH_PROCESSES = 2000  # below, starting them costs more than they save
_KEY_FILE = "headers.key"
CACHE_VARIABLE = "OVCF_BENCH_CACHE"

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below the root, with "/" in its path on every system."""

    path: str
    size: int
    changed_ns: int


def find_files(root: Path) -> list[FoundFile]:
    """Return every file below the root in a stable order; hidden ones and DICOMDIR are left out.

    Links are followed, each folder once. Raises DataError when a folder may not be read.
    """
    seen: set[tuple[int, int]] = set()
    try:
        return sorted(_walk(str(root), "", seen), key=lambda each: each.path)
    except OSError as error:
        found = f"a folder below it cannot be read ({error.strerror})"
        raise DataError(Problem("dicom, params.root", found)) from None


def _walk(folder: str, below: str, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    state = os.stat(folder)  # noqa: PTH116  its number tells a folder that a link leads back to
    if (state.st_dev, state.st_ino) in seen:
        return
    seen.add((state.st_dev, state.st_ino))
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "DICOMDIR":
                continue
            # A name that is no UTF-8 cannot be written anywhere; such a file is listed as one that cannot be read.
            name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
            if entry.is_dir():
                yield from _walk(entry.path, f"{below}{name}/", seen)
            else:
                yield _found(below + name, entry)


def _found(path: str, entry: os.DirEntry[str]) -> FoundFile:
    try:
        state = entry.stat()
    except OSError:  # a link to nothing: its header cannot be read, which is told with the others
        return FoundFile(path, 0, 0)
    return FoundFile(path, state.st_size, state.st_mtime_ns)


class HeaderIndex:
    """The remembered headers of one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = Fernet(_key())
        cache = Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("ovcf-bench"))
        name = hashlib.blake2b(str(root.resolve()).encode(), key=_key()[:32], digest_size=12).hexdigest()
        self._file = cache / "headers" / f"{name}-{_VERSION}.fernet"

    def facts(self, files: Sequence[FoundFile], progress: Progress) -> list[Facts]:
        """Return the facts of each file; those that are not known, or have changed, are read now."""
        known = self._remembered()
        stamps = {each.path: [each.size, each.changed_ns] for each in files}
        missing = [path for path, stamp in stamps.items() if path not in known or known[path][0] != stamp]
        done = len(files) - len(missing)
        for paths, read in _read_all(self._root, missing):
            batch = {path: (stamps[path], facts) for path, facts in zip(paths, read, strict=True)}
            known.update(batch)
            # Whether a file may be read can change without a trace in its size and time.
            self._remember({path: each for path, each in batch.items() if each[1].get("problem") != UNREADABLE})
            done += len(paths)
            progress("Reading headers", done, len(files))
        return [known[each.path][1] for each in files]

    def _remembered(self) -> dict[str, tuple[list[int], Facts]]:
        known: dict[str, tuple[list[int], Facts]] = {}
        if not self._file.exists():
            return known
        for line in self._file.read_bytes().splitlines():
            try:
                batch = json.loads(zlib.decompress(self._lock.decrypt(line)))
            except (InvalidToken, zlib.error, ValueError):
                continue
            known.update({path: (stamp, facts) for path, (stamp, facts) in batch.items()})
        return known

    def _remember(self, batch: Mapping[str, tuple[list[int], Facts]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = self._lock.encrypt(zlib.compress(json.dumps(batch).encode(), 1)) + b"\n"
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:  # one write: lines of two processes never mix
            if file.tell() and not _ends_with_line(self._file):
                line = b"\n" + line
            file.write(line)


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _read_all(root: Path, paths: Sequence[str]) -> Iterator[tuple[list[str], list[Facts]]]:
    """Yield batches of paths with their facts, read by all cores where it is worth it."""
    batches = [list(paths[start : start + _BATCH]) for start in range(0, len(paths), _BATCH)]
    if len(paths) < _WORTH_PROCESSES:
        for batch in batches:
            yield batch, _read_batch(root, batch)
        return
    # Not the fork server: the core's own, which imports what units need, must not be started by this.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        read = pool.map(_read_batch, [root] * len(batches), batches)
        yield from zip(batches, read, strict=True)


def _read_batch(root: Path, paths: Sequence[str]) -> list[Facts]:
    return [read_facts(root / path) for path in paths]


def _key() -> bytes:
    """Return the user's key of indexes; it is made on first use, readable by its owner only."""
    place = Path(platformdirs.user_config_dir("ovcf-bench")) / _KEY_FILE
    try:
        return place.read_bytes()
    except FileNotFoundError:
        pass
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = place.with_name(f".{_KEY_FILE}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(Fernet.generate_key())
    try:
        os.link(temporary, place)  # of two processes that start at once, the first one's key stays
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return place.read_bytes()
