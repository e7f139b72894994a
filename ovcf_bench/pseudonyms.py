"""Keyed pseudonyms: the only form in which an identifier of a patient, exam or image is written."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import platformdirs

from ovcf_bench.errors import DataError, Problem

Kind = Literal["patient", "exam", "image", "source"]

_KEY_BYTES = 32
_BODY, _SEAL = 16, 6  # hexadecimal digits: 64 bits against collisions, 24 bits to know our own
_OURS = re.compile(r"[peis]-([0-9a-f]{16})([0-9a-f]{6})")


class Pseudonyms:
    """Pseudonyms under one secret key.

    A pseudonym carries a seal made with the key, so that a pseudonym of the same key is kept as it is: a cohort
    that was exported under pseudonyms keeps its names when it is read again.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, kind: Kind, identifier: str) -> str:
        """Return the pseudonym, such as "p-" and 22 hexadecimal digits."""
        ours = _OURS.fullmatch(identifier)
        if ours and identifier[0] == kind[0] and self._seal(kind, ours[1]) == ours[2]:
            return identifier
        body = self._digest(kind, identifier)[:_BODY]
        return f"{kind[0]}-{body}{self._seal(kind, body)}"

    def all(self, kind: Kind, identifiers: Iterable[str]) -> list[str]:
        """Return the pseudonyms of many identifiers, in order."""
        known: dict[str, str] = {}
        return [known.get(each) or known.setdefault(each, self(kind, each)) for each in identifiers]

    def _seal(self, kind: Kind, body: str) -> str:
        return self._digest("seal of " + kind, body)[:_SEAL]

    def _digest(self, purpose: str, text: str) -> str:
        return hashlib.blake2b(f"{purpose}\0{text}".encode(), key=self._key, digest_size=16).hexdigest()


def is_pseudonym(kind: Kind, text: str) -> bool:
    """Return whether a text has the form of a pseudonym; under which key it was made, only the key tells."""
    return text[:1] == kind[0] and _OURS.fullmatch(text) is not None


def load_key(path: Path | None = None) -> bytes:
    """Return the secret key from `path`; at the default place it is made on first use, readable by its owner only.

    Raises DataError when the file is missing, is no key, or others may read it.
    """
    # Unless told otherwise it lies in the user's configuration folder, outside any project.
    place = path or Path(platformdirs.user_config_dir("ovcf-bench")) / "pseudonym.key"
    if path is None and not place.exists():
        _make_key(place)
    try:
        text = place.read_text("ascii").strip()
        others_may_read = os.name == "posix" and place.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        found = f"cannot be read ({type(error).__name__})"
        raise DataError(Problem(f"key file {place.name}", found, "Give --key FILE, or leave it out.")) from error
    if others_may_read:
        raise DataError(Problem(f"key file {place.name}", "others may read it", "Protect it: chmod 600."))
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise DataError(Problem(f"key file {place.name}", "holds no key", "Allowed: 64 hexadecimal digits."))
    return bytes.fromhex(text)


def _make_key(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    try:
        os.link(temporary, place)  # of two processes that start at once, the first one's key stays
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
