"""What a profile and --set changed against the study file, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one line for every value that differs, sorted by key: "training.epochs: 20 -> 6"."""
    return tuple(_differences(before, after, ""))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> list[str]:
    found: list[str] = []
    for name in sorted({*before, *after}):
        here = f"{at}{name}"
        if name not in after:
            found.append(f"{here}: removed")
        elif name not in before:
            found.append(f"{here}: added, {_short(after[name])}")
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            found += _differences(before[name], after[name], f"{here}.")
        elif before[name] != after[name]:
            found.append(f"{here}: {_short(before[name])} -> {_short(after[name])}")
    return found


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
