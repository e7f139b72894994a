"""`ovcf-bench plugins`: what is installed, and what each plugin takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ovcf_bench.cli.options import open_registry
from ovcf_bench.cli.plugins_author import new, test
from ovcf_bench.errors import PluginError, Problem, one_of

if TYPE_CHECKING:
    from ovcf_bench.hooks.registry import Registered, Registry


@click.group("plugins")
def command() -> None:
    """List plugins, show one with its parameters, write one, or hold one against its contract."""


command.add_command(new)
command.add_command(test)


@command.command("list", epilog="\b\nExample:\n  ovcf-bench plugins list --json")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_plugins(as_json: bool) -> None:
    """List the installed datasets and models, and where they come from."""
    rows = [_row(kind, each) for kind, each in _all(open_registry())]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['kind']:8}{row['name']:{width + 2}}{row['summary']}  [{row['distribution']}]")


@command.command("show", epilog="\b\nExample:\n  ovcf-bench plugins show timm")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show the plugin NAME: parameters, defaults, requirements, where it comes from."""
    plugins = _all(open_registry())
    found = [_details(kind, each) for kind, each in plugins if each.plugin.name == name]
    if not found:
        known = [each.plugin.name for _, each in plugins]
        raise PluginError(Problem("plugin", f"{name!r} is not installed", one_of(name, known)))
    if as_json:
        click.echo(json.dumps(found if len(found) > 1 else found[0], indent=1))
        return
    for each in found:
        _print(each)


def _all(registry: Registry) -> list[tuple[str, Registered[Any]]]:
    datasets: list[tuple[str, Registered[Any]]] = [("dataset", each) for each in registry.datasets.values()]
    return datasets + [("model", each) for each in registry.models.values()]


def _row(kind: str, each: Registered[Any]) -> dict[str, Any]:
    plugin = each.plugin
    return {"kind": kind, "name": plugin.name, "summary": plugin.summary, "distribution": each.distribution}


def _details(kind: str, each: Registered[Any]) -> dict[str, Any]:
    schema = each.plugin.params.model_json_schema()
    parameters = list(_parameters(schema, schema.get("$defs", {})))
    plugin = each.plugin
    origin = {"module": each.module, "api": list(plugin.api), "requires": list(plugin.requires)}
    return {**_row(kind, each), **origin, "parameters": parameters, "card": getattr(plugin, "card", "")}


def _parameters(schema: dict[str, Any], sections: dict[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    """Yield the parameters of a schema; those of a section follow it as SECTION.NAME."""
    for name, field in schema.get("properties", {}).items():
        section = sections.get(str(field.get("$ref", "")).rpartition("/")[2])
        yield {
            "name": above + name,
            "type": "section" if section else _type(field),
            "required": name in schema.get("required", []),
            "default": None if section else field.get("default"),
            "description": field.get("description") or (section or {}).get("description", ""),
        }
        if section:
            yield from _parameters(section, sections, f"{above}{name}.")


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(json.dumps(value) for value in field["enum"])
    if "const" in field:
        return json.dumps(field["const"])
    if "anyOf" in field:
        return " | ".join(_type(each) for each in field["anyOf"])
    limits = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<", "pattern": "like"}
    said = [f"{sign} {field[name]}" for name, sign in limits.items() if name in field]
    return " ".join([str(field.get("type", "any")), *said])


def _print(details: dict[str, Any]) -> None:
    click.echo(f"{details['kind']} {details['name']}: {details['summary']}")
    click.echo(f"from {details['distribution']} ({details['module']}), API {', '.join(map(str, details['api']))}")
    click.echo(f"requires: {', '.join(details['requires']) or 'nothing beyond the default installation'}")
    click.echo("parameters:")
    for each in details["parameters"]:
        default = "required" if each["required"] else f"default {json.dumps(each['default'])}"
        click.echo(f"  {each['name']} ({each['type']}; {default})")
        if each["description"]:
            click.echo(f"      {each['description']}")
    if details["card"]:
        click.echo(f"\n{details['card'].strip()}")
