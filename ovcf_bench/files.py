"""Files that are whole or absent: every write is a temporary file, fsync, rename."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ovcf_bench.errors import BenchError, Problem


def write_atomically(path: Path, content: bytes | str) -> bool:
    """Write `content` to `path` unless it is there already; return whether the file changed.

    A reader sees the old file or the new one, never a part; a kill at any moment leaves one of the two.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)  # it can be read only by setting it
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp makes private files
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into, which becomes `path` at the end; when anything is raised, nothing of it stays.

    Raises BenchError when `path` is there and not empty.
    """
    if path.exists() and any(path.iterdir()):
        raise BenchError(Problem(path.name, "the folder is there and not empty", "Choose another one."))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        made = Path(temporary) / path.name
        made.mkdir()  # not private, as the temporary one is
        yield made
        if path.exists():
            path.rmdir()  # an empty one was given
        made.rename(path)
