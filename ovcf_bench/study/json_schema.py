"""The JSON Schema of study files, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ovcf_bench.study.load import ParamsModels
from ovcf_bench.study.schema import StudyDocument


def json_schema(params_models: ParamsModels) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) with the parameters of the given plugins."""
    schema = StudyDocument.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    required = schema.pop("required")
    _add_plugins(definitions, "CohortSection", "dataset", dict(params_models.datasets))
    _add_plugins(definitions, "ModelSection", "model", dict(params_models.models))
    properties = schema["properties"]
    for group in ("cohorts", "models"):  # null removes what the extended study has
        members = properties[group]["patternProperties"]
        properties[group]["patternProperties"] = {
            name: {"anyOf": [section, {"type": "null"}]} for name, section in members.items()
        }
    # A profile and a study that extends another give parts only.
    part = {name: {"anyOf": [section, {"type": "null"}]} for name, section in properties.items()}
    properties["extends"] = {"type": "string", "description": "Another study file, laid under this one."}
    properties["profiles"] = {
        "type": "object",
        "description": "Named changes: --profile NAME. null removes an inherited key.",
        "additionalProperties": {"type": "object", "properties": part, "additionalProperties": False},
    }
    # What a part lacks may stand in the study that it extends: only `ovcf-bench check` can tell what is missing.
    for definition in definitions.values():
        definition.pop("required", None)
    schema["anyOf"] = [{"required": required}, {"required": ["extends"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _add_plugins(definitions: dict[str, Any], section: str, key: str, plugins: dict[str, type[BaseModel]]) -> None:
    """Let the parameters of a section follow from the plugin that it names."""
    target = definitions[section]
    target["properties"][key]["enum"] = sorted(plugins)
    target["allOf"] = []
    for name, model in sorted(plugins.items()):
        label = f"{key}.{name}"  # two plugins may call their parts alike
        own = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{label}.{{model}}")
        definitions.update({f"{label}.{inner}": part for inner, part in own.pop("$defs", {}).items()})
        definitions[label] = own
        when = {"properties": {key: {"const": name}}, "required": [key]}
        target["allOf"].append({"if": when, "then": {"properties": {"params": {"$ref": f"#/$defs/{label}"}}}})
