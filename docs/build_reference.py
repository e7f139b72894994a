"""Writes docs/reference from the code: study schema, commands, hooks and plugin API, bundled plugins, findings.json.

    python docs/build_reference.py

A test holds the pages against the code.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from ovcf_bench import api, testing
from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.cli.plugins import _parameters
from ovcf_bench.findings import values
from ovcf_bench.hooks import contracts, hookspecs, registry
from ovcf_bench.study.schema import StudyDocument

FOLDER = Path(__file__).parent / "reference"
_MADE = "<!-- Made by docs/build_reference.py; change the code instead. -->\n"

_STUDY = """# Study file

Schema 1. Unknown and duplicate keys are errors; nothing is executed. Paths are relative to the study file.

Beside these keys a study may have `extends` (another study, laid under this one) and `profiles` (named changes, chosen
with `--profile`; null removes an inherited key).
"""
_API = """# Hooks and plugin API

A plugin imports `ovcf_bench.api` alone; its tests may import `ovcf_bench.testing`.
"""
_TESTING = """## Tests

`ovcf_bench.testing` is for the tests of a plugin: the checks of `ovcf-bench plugins test`, which pytest can run too.

```python
import pytest

from ovcf_bench.testing import plugin_checks


@pytest.mark.parametrize("check", plugin_checks("my_net"), ids=str)
def test_my_net_keeps_the_contract(check):
    check()
```

A package of `plugins new` brings such a test. A check that fails raises `ContractError`, with the texts `contract`,
`seen` and `fix`.
"""
_FINDINGS = """# findings.json

Every number of a report, in full precision; null where a value does not exist, with a `reason` beside it. Differences
are `a` minus `b`.
"""


def pages() -> dict[str, str]:
    """Return every page by its file name."""
    made = {"study.md": study(), "commands.md": commands(), "api.md": plugin_api(), "plugins.md": plugins(),
            "findings.md": findings()}  # fmt: skip
    return {name: f"{_MADE}\n{text.rstrip()}\n" for name, text in made.items()}


def study() -> str:
    schema = StudyDocument.model_json_schema(by_alias=True)
    parts = [_STUDY]
    sections = {"The whole file": schema, **schema["$defs"]}
    for name, section in sections.items():
        parts += [f"## {name.removesuffix('Section')}", "", _plain(section.get("description", "")), ""]
        if "enum" in section:
            parts += [f"One of: {', '.join(map(str, section['enum']))}.", ""]
            continue
        parts += ["| Key | Type | Default | Meaning |", "|---|---|---|---|", *_keys(section), ""]
    return "\n".join(parts)


def _keys(section: dict[str, Any]) -> Iterator[str]:
    for name, field in section.get("properties", {}).items():
        default = "required" if name in section.get("required", []) else _short(field.get("default"))
        yield f"| `{name}` | {_type(field)} | {default} | {_cell(field.get('description', ''))} |"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2].removesuffix("Section")
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(each) for each in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        items = field.get("items") or (field.get("prefixItems") or [{}])[0]
        return f"list of {_type(items)}"
    if field.get("type") == "object":
        inner = next(iter((field.get("patternProperties") or {}).values()), field.get("additionalProperties") or {})
        return f"mapping of {_type(inner)}" if isinstance(inner, dict) and inner else "mapping"
    limits = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
    said = [f"{sign} {field[name]:g}" for name, sign in limits.items() if name in field]
    return " ".join([str(field.get("type", "any")), *said])


def commands() -> str:
    parts = ["# Commands", ""]
    context = click.Context(ovcf_bench_command)
    for name in ovcf_bench_command.list_commands(context):
        command = ovcf_bench_command.get_command(context, name)
        parts += list(_command(command, f"ovcf-bench {name}"))
    return "\n".join(parts)


def _command(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _command(each, f"{name} {each.name}")
        return
    arguments = [each.make_metavar(click.Context(command)) for each in command.params
                 if isinstance(each, click.Argument)]  # fmt: skip
    yield f"## {name} {' '.join(arguments)}".rstrip()
    yield ""
    yield _plain(inspect.cleandoc(command.help or ""))
    yield ""
    options = [each for each in command.params if isinstance(each, click.Option) and each.name != "verbose"]
    if options:
        yield "| Option | Meaning |"
        yield "|---|---|"
        for option in options:
            yield f"| `{', '.join([*option.opts, *option.secondary_opts])}` | {_cell(option.help or '')} |"
        yield ""


def plugin_api() -> str:
    parts = [_API, f"API version {api.API_VERSION}.", "", "## Hooks", ""]
    for name in hooks():
        hook = getattr(hookspecs, name)
        parts += [f"### {name}({', '.join(inspect.signature(hook).parameters)})", "", _doc(hook), ""]
    plugins, tests = ["## Names", "", *_names(api)], [*_names(testing)]
    return "\n".join([_close([*parts, *plugins]), _TESTING, _close(tests)])


def _close(parts: Iterable[str]) -> str:
    """Return the lines with one empty line at most between two others."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _names(module: types.ModuleType) -> Iterator[str]:
    """Yield what a module offers, in the order of its `__all__`."""
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing):
            yield from (f"### {name}", "", _doc(thing), "", *_members(thing), "")
        elif inspect.isfunction(thing):
            yield from (f"### {name}", "", f"`{name}{_signature(thing)}`", "", _doc(thing), "")
        elif isinstance(thing, tuple):
            yield from (f"### {name}", "", ", ".join(f"`{each}`" for each in thing), "")
        elif words := next(filter(None, (_words_below(name, each) for each in (module, contracts, hookspecs))), ""):
            yield from (f"### {name}", "", words, "")


def _signature(function: Callable[..., Any]) -> str:
    """Return the signature; annotations are texts, and stand without quotes."""
    given = inspect.signature(function)
    bare = [each.replace(annotation=_Bare(each.annotation)) for each in given.parameters.values()]
    return str(given.replace(parameters=bare, return_annotation=_Bare(given.return_annotation)))


class _Bare(str):
    """A text that shows itself without quotes."""

    __repr__ = str.__str__


def _words_below(name: str, module: types.ModuleType) -> str:
    """Return the text that stands below the assignment of a name, or an empty one."""
    lines = ast.parse(inspect.getsource(module)).body
    for line, below in itertools.pairwise(lines):
        if isinstance(line, ast.Assign) and [ast.unparse(each) for each in line.targets] == [name]:
            match below:
                case ast.Expr(ast.Constant(str(words))):
                    return inspect.cleandoc(words)
    return ""


def hooks() -> list[str]:
    """Return the names of all hooks."""
    return [name for name, thing in vars(hookspecs).items() if hasattr(thing, f"{hookspecs.PROJECT}_spec")]


def _members(thing: type) -> Iterator[str]:
    if dataclasses.is_dataclass(thing):
        said = dict(re.findall(r"^    (\w+): [^#\n]*#\s*(.+)$", inspect.getsource(thing), re.MULTILINE))
        for field in dataclasses.fields(thing):
            given = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            words = f": {_cell(said[field.name])}" if field.name in said else ""
            yield f"- `{field.name}: {field.type}`{' (optional)' if given else ''}{words}"
    for name, member in vars(thing).items():
        if not name.startswith("_") and inspect.isfunction(member):
            given = ", ".join(list(inspect.signature(member).parameters)[1:])
            yield f"- `{name}({given})`: {_cell(inspect.getdoc(member) or '')}"
        elif isinstance(member, property):
            gives = inspect.signature(member.fget).return_annotation
            yield f"- `{name}: {gives}` (property): {_cell(inspect.getdoc(member) or '')}"


def plugins() -> str:
    found = registry.load()
    parts = ["# Bundled plugins", ""]
    for kind, group in (("dataset", found.datasets), ("model", found.models)):
        for name, each in sorted(group.items()):
            if each.distribution != "ovcf-bench":
                continue
            schema = each.plugin.params.model_json_schema()
            parts += [f"## {kind} {name}", "", f"{each.plugin.summary}.", ""]
            rows = list(_parameters(schema, schema.get("$defs", {})))
            if rows:
                parts += ["| Parameter | Type | Default | Meaning |", "|---|---|---|---|"]
                parts += [f"| `{row['name']}` | {_cell(row['type'])} | "
                          f"{'required' if row['required'] else _short(row['default'])} | "
                          f"{_cell(row['description'])} |" for row in rows]  # fmt: skip
                parts.append("")
            if card := getattr(each.plugin, "card", ""):
                parts += ["```text", card.strip(), "```", ""]
    return "\n".join(parts)


def findings() -> str:
    parts = [_FINDINGS]
    seen: dict[str, type] = {}
    _collect(values.Findings, seen)
    for name, record in seen.items():
        parts += [f"## {name}", "", _doc(record), "", "| Key | Type |", "|---|---|"]
        parts += [f"| `{name}` | {_cell(kind)} |" for name, kind in _keys_of(record)]
        parts.append("")
    return "\n".join(parts)


def _keys_of(record: type) -> Iterator[tuple[str, str]]:
    """Yield name and type of every key of a record; those of a flat field stand among them."""
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        if field.metadata.get("flat"):
            yield from _keys_of(typing.get_type_hints(record)[field.name])
        else:
            yield field.name, str(field.type)


def _collect(record: Any, seen: dict[str, type]) -> None:
    if typing.get_origin(record) is not None or isinstance(record, types.UnionType):
        for each in typing.get_args(record):
            _collect(each, seen)
    elif dataclasses.is_dataclass(record) and record.__name__ not in seen:
        seen[record.__name__] = typing.cast("type", record)
        for hint in typing.get_type_hints(record).values():
            _collect(hint, seen)


def _doc(thing: Any) -> str:
    doc = inspect.getdoc(thing) or ""
    if dataclasses.is_dataclass(thing) and doc.startswith(f"{getattr(thing, '__name__', '')}("):
        return ""  # written by dataclasses, not by us
    return "" if doc == inspect.getdoc(BaseModel) else _plain(doc)


def _plain(text: str) -> str:
    return re.sub(r"[\b]\s*", "", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _short(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    text = str(value)
    return f"`{_cell(text)}`" if len(text) <= 60 else "see there"


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
