"""The index of the image cache: which source has which pixels, and where they lie (SQLite)."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from ovcf_bench.errors import DataError, Problem
from ovcf_bench.images.preprocess import Appearance

_FILE = "index-2.sqlite"  # another number for another schema
_WAIT_SECONDS = 120.0  # for another process's write
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (key TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS looks (
    digest TEXT PRIMARY KEY, height INTEGER NOT NULL, width INTEGER NOT NULL, thumbnail BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slabs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL UNIQUE, file TEXT NOT NULL,
    row_bytes INTEGER NOT NULL, rows INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS pixels (
    slab INTEGER NOT NULL, digest TEXT NOT NULL, row INTEGER NOT NULL, ready INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (slab, digest)
) WITHOUT ROWID;
"""
_WANTED = "FROM json_each(?) AS wanted CROSS JOIN sources ON sources.key = wanted.value"  # in this order


@dataclass(frozen=True, slots=True)
class Mark:
    """What is recorded once the pixels are on disk: a source's digest and look, and the slab that now holds it."""

    key: str
    digest: str
    slab: int
    appearance: Appearance


class Index:
    """The index in `folder`. Every change is one transaction; an object serves one thread of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: sqlite3.Connection | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever cached here."""
        return (self._folder / _FILE).exists()

    def digests(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the digest of every key that is known."""
        return dict(self._ask(f"SELECT sources.key, digest {_WANTED}", _sorted(keys)))

    def appearances(self, digests: Sequence[str]) -> dict[str, Appearance]:
        """Return the appearance of every digest that is known."""
        query = (
            "SELECT digest, height, width, thumbnail FROM json_each(?) AS wanted "
            "CROSS JOIN looks ON looks.digest = wanted.value"
        )
        return {digest: Appearance(*look) for digest, *look in self._ask(query, _sorted(digests))}

    def rows(self, slab: int, keys: Sequence[str]) -> dict[str, int]:
        """Return the row of every key whose pixels are ready in a slab."""
        query = f"SELECT sources.key, row {_WANTED} CROSS JOIN pixels USING (digest) WHERE slab = ? AND ready"
        return dict(self._ask(query, _sorted(keys), slab))

    def slabs(self) -> list[tuple[str, str, int]]:
        """Return version and file name of all slabs, and how many of their rows hold pixels."""
        return self._ask(
            "SELECT version, file, (SELECT count(*) FROM pixels WHERE slab = id AND ready) FROM slabs ORDER BY id"
        )

    def slab(self, version: str) -> tuple[int, str] | None:
        """Return id and file name of the slab of a preprocessing; None when there is no such file."""
        found: list[tuple[int, str]] = self._ask("SELECT id, file FROM slabs WHERE version = ?", version)
        return found[0] if found and (self._folder / found[0][1]).exists() else None

    def new_slab(self, version: str, row_bytes: int) -> None:
        """Make an empty slab of this preprocessing, unless another process has just made one."""
        with self._transaction() as connection:
            if self.slab(version):
                return
            _forget(connection, version)
            file = f"{version}.{secrets.token_hex(4)}.u16"
            (self._folder / file).touch(mode=0o600, exist_ok=False)
            connection.execute(
                "INSERT INTO slabs (version, file, row_bytes) VALUES (?, ?, ?)", (version, file, row_bytes)
            )

    def claim(self, slab: int, digest: str, limit_bytes: int) -> tuple[int, bool] | None:
        """Return the row of a digest, a new one if need be, and whether its pixels are there already.

        None when all slabs would exceed the limit with it.
        """
        with self._transaction() as connection:
            if found := self._ask("SELECT row, ready FROM pixels WHERE slab = ? AND digest = ?", slab, digest):
                row, ready = found[0]
                return row, bool(ready)
            known = self._ask("SELECT rows, row_bytes FROM slabs WHERE id = ?", slab)
            if not known:
                raise DataError(Problem("image cache", "was removed while it was in use", "Run again."))
            row, size = known[0]
            if self.used_bytes() + size > limit_bytes:
                return None
            connection.execute("UPDATE slabs SET rows = rows + 1 WHERE id = ?", (slab,))
            connection.execute("INSERT INTO pixels (slab, digest, row) VALUES (?, ?, ?)", (slab, digest, row))
            return row, False

    def record(self, marks: Sequence[Mark]) -> None:
        """Record what has been stored."""
        placed = [(mark.slab, mark.digest) for mark in marks]
        with self._transaction() as connection:
            connection.executemany("UPDATE pixels SET ready = 1 WHERE slab = ? AND digest = ?", placed)
            connection.executemany(
                "INSERT OR REPLACE INTO sources VALUES (?, ?)", [(mark.key, mark.digest) for mark in marks]
            )
            connection.executemany(
                "INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?)",
                [(mark.digest, *astuple(mark.appearance)) for mark in marks],
            )

    def used_bytes(self) -> int:
        """Return what all rows take, whether or not they are written yet."""
        return sum(size for (size,) in self._ask("SELECT rows * row_bytes FROM slabs"))

    def forget_removed(self) -> None:
        """Forget the slabs whose files are gone."""
        with self._transaction() as connection:
            for version, file, _ in self.slabs():
                if not (self._folder / file).exists():
                    _forget(connection, version)

    def forget_sources(self) -> None:
        """Forget every source whose pixels lie in no slab."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM sources WHERE digest NOT IN (SELECT digest FROM pixels)")
            connection.execute("DELETE FROM looks WHERE digest NOT IN (SELECT digest FROM pixels)")
        with self._connection() as connection, suppress(sqlite3.OperationalError):  # busy: the space is reused
            connection.execute("VACUUM")

    def remove(self) -> None:
        """Remove the index itself, be it sound or not."""
        self.close()
        for path in self._folder.glob(f"{_FILE}*"):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; it is opened again when needed."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __del__(self) -> None:
        self.close()

    def _ask(self, query: str, *given: str | int) -> list[Any]:
        """Return the rows that a query finds; nothing is made by looking where nothing was ever cached."""
        if self._open is None and not self.exists:
            return []
        with self._connection() as connection:
            return connection.execute(query, given).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:  # commits, or rolls back when an error passes
                yield connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._open is None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._open = _connect(self._folder / _FILE)
            yield self._open
        except (sqlite3.Error, OSError) as error:
            found = f"its index cannot be used ({error if isinstance(error, sqlite3.Error) else error.strerror})"
            raise DataError(Problem("image cache", found, "Clear it: ovcf-bench cache clear.")) from error


def _sorted(keys: Sequence[str]) -> str:
    return json.dumps(sorted(keys))  # in the order of the table: 100,000 keys are found twice as fast


def _forget(connection: sqlite3.Connection, version: str) -> None:
    connection.execute("DELETE FROM pixels WHERE slab IN (SELECT id FROM slabs WHERE version = ?)", (version,))
    connection.execute("DELETE FROM slabs WHERE version = ?", (version,))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA cache_size = -65536")  # 64 MB instead of 2: random look-ups touch all pages
        # A power cut may lose the latest marks, never the order: pixels are on disk before they are marked.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work at once. SQLite does not wait for the lock here, so this does."""
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
