"""A run folder and its records: each has one file, one type, one reader and one writer."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import pandas as pd
from pydantic import TypeAdapter, ValidationError, model_validator

from ovcf_bench.errors import Problem, RecordError
from ovcf_bench.files import write_atomically
from ovcf_bench.study import Study, read_lock

Content = TypeVar("Content")

LOCK = "study.lock.yaml"
FLAT = MappingProxyType({"flat": True})  # of a field whose own fields stand beside it in the file
RUN_AGAIN = "A run folder is made by `ovcf-bench run`; run the study again."
_MOST_MISTAKES = 3


@dataclass(frozen=True, slots=True)
class Record(Generic[Content]):
    """A JSON record: its file, the type of its content, and how the user gets it anew.

    What the type does not know is ignored when it is read. schema : the only one that is read, where it has one.
    """

    file: str
    kind: Any  # type[Content], or a form such as tuple[DataCheck, ...]
    anew: str = RUN_AGAIN
    schema: int | None = None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder, or one that left it; every record in it is whole or absent. what : how messages call it."""

    path: Path
    what: str = "run"

    @property
    def name(self) -> str:
        """The folder's name to show, with what cannot be printed (line ends, bytes that are not UTF-8) replaced."""
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in self.path.name)

    def has(self, record: Record[Any] | str) -> bool:
        """Whether the record exists."""
        return (self.path / _file(record)).is_file()

    def remove(self, record: Record[Any] | str) -> None:
        """Remove a record, if it is there."""
        (self.path / _file(record)).unlink(missing_ok=True)

    def read(self, record: Record[Content]) -> Content:
        """Return a record. Raises RecordError naming it when it is absent, damaged or of another schema."""
        return parse(record, self.read_text(record.file, record.anew), f"{self.what} {self.name}")

    def find(self, record: Record[Content]) -> Content | None:
        """Return a record, or None where there is none; errors as `read`."""
        return self.read(record) if self.has(record) else None

    def write(self, record: Record[Content], content: Content) -> None:
        """Write a record; unchanged content leaves the file alone."""
        self.write_text(record.file, to_json(content))

    def read_text(self, name: str, anew: str = RUN_AGAIN) -> str:
        """Return a record's text; raises RecordError naming the record."""
        try:
            return (self.path / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(Problem(f"{self.what} {self.name}", f"{name} cannot be read", anew)) from error

    def study(self) -> Study:
        """Return the study as it ran. Raises RecordError when the run has no lock, StudyError for a damaged one."""
        return _study(self.read_text(LOCK))

    def write_text(self, name: str, text: str) -> None:
        """Write a record; unchanged content leaves the file alone."""
        write_atomically(self.path / name, text)

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a CSV record."""
        try:
            return pd.read_csv(io.StringIO(self.read_text(name)))
        except ValueError as error:  # what pandas raises for text that is no table
            raise RecordError(Problem(f"{self.what} {self.name}, {name}", "is no table", RUN_AGAIN)) from error

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a record as CSV; floats are written so that reading gives the same bits."""
        self.write_text(name, table.to_csv(index=False, lineterminator="\n"))


@functools.lru_cache(maxsize=1)  # findings and report ask for the same one, and parsing it takes longer than reading
def _study(lock: str) -> Study:
    return read_lock(lock)


def _file(record: Record[Any] | str) -> str:
    return record if isinstance(record, str) else record.file


def parse(record: Record[Content], text: str, where: str) -> Content:
    """Return the content of a record's text. Raises RecordError naming `where` it lies, and the record."""
    if record.schema is not None and (found := _schema(text, record.schema)) != record.schema:
        said = f"schema {found}; this version reads schema {record.schema}"
        raise RecordError(Problem(f"{where}, {record.file}", said, record.anew))
    try:
        content: Content = TypeAdapter(record.kind).validate_json(text)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        named = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": ") for each in mistakes]
        more = f"; and {len(named) - _MOST_MISTAKES} more" if len(named) > _MOST_MISTAKES else ""
        found = "; ".join(named[:_MOST_MISTAKES]) + more
        raise RecordError(Problem(f"{where}, {record.file}", found, record.anew)) from error
    return content


def gathering(**flat: type[Any]) -> Any:
    """Return what the class of a record with flat fields needs, by name and dataclass, to be read again."""

    def gather(cls: type[Any], said: Any) -> Any:
        if not isinstance(said, dict) or flat.keys() & said.keys():
            return said
        inner = {name: {each: said[each] for each in kind.__slots__ if each in said} for name, kind in flat.items()}
        taken = {each for found in inner.values() for each in found}
        return {**{name: value for name, value in said.items() if name not in taken}, **inner}

    return model_validator(mode="before")(gather)


def _schema(text: str, wanted: int) -> Any:
    """Return the schema that a text names; the wanted one where it is no object, which is told when it is read."""
    try:
        said = json.loads(text)
    except ValueError:
        return wanted
    return said.get("schema") if isinstance(said, dict) else wanted


def to_json(content: Any) -> str:
    """Return the text of a record: full precision, null where there is nothing. NaN and infinity are refused."""
    return json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """Return a value as JSON holds it; the fields of a flat field stand beside the others."""
    if is_dataclass(value):
        found: dict[str, Any] = {}
        for each in fields(value):
            inner = plain(getattr(value, each.name))
            found |= inner if each.metadata.get("flat") else {each.name: inner}
        return found
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple | list) else value
