"""What a reader must know before believing a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Banner:
    """A warning with its details; `kind` decides the colour: caution or failure."""

    title: str
    text: str
    items: tuple[str, ...] = ()
    kind: str = "caution"


def banners(findings: Values, provenance: Values) -> list[Banner]:
    """Return the warnings of a run, the gravest first."""
    found = [
        _failed(provenance),
        _synthetic(provenance),
        _random(provenance),
        _reduced(provenance),
        _optimistic(provenance),
        _undeclared(findings),
        _unlike(provenance),
    ]
    return [banner for banner in found if banner is not None]


def _failed(provenance: Values) -> Banner | None:
    failed = [unit for unit in provenance["units"] if unit["status"] == "failed"]
    if not failed:
        return None
    items = tuple(f"{unit['arm']}, fold {unit['fold'] + 1}: {unit['reason']}" for unit in failed)
    text = "Their arms have no ensemble and take part in no comparison; nothing was imputed."
    return Banner(f"{len(failed)} of {len(provenance['units'])} units failed", text, items, "failure")


def _synthetic(provenance: Values) -> Banner | None:
    if not provenance["synthetic"]:
        return None
    names = ", ".join(provenance["synthetic"])
    text = f"The images of {names} were computed, no patient was examined. The figures show that the method works; "
    return Banner("Synthetic data", text + "they say nothing about patients.")


def _random(provenance: Values) -> Banner | None:
    names = [name for name, model in provenance["models"].items() if model.get("weights") == "none"]
    if not names:
        return None
    text = f"{', '.join(names)} started from random weights, not from weights learnt on other images."
    return Banner("Random initial weights", text)


def _reduced(provenance: Values) -> Banner | None:
    if not provenance["reduced"]:
        return None
    profile = provenance["profile"]
    title = f"Reduced by the profile {profile}" if profile else "Changed on the command line"
    text = "This run differs from the study file in what is listed here; cohort, splits and analysis are the study's."
    return Banner(title, text, tuple(provenance["reduced"]))


def _optimistic(provenance: Values) -> Banner | None:
    if not provenance["optimistic_checkpoint"]:
        return None
    text = (
        "The checkpoint of every network was chosen by its accuracy on the held-out fold: "
        "out-of-fold figures and the threshold fitted on them are too good. Test sets are not affected."
    )
    return Banner("Optimistic checkpoint", text)


def _undeclared(findings: Values) -> Banner | None:
    late = {each["id"] for found in findings["sets"].values() for each in found["comparisons"] if not each["declared"]}
    if not late:
        return None
    text = "These comparisons or margins were added after test scores existed: read them as exploratory."
    return Banner("Not pre-declared", text, tuple(sorted(late)))


def _unlike(provenance: Values) -> Banner | None:
    kinds = {(unit["device"], unit["precision"]) for unit in provenance["units"] if unit["status"] == "done"}
    if len(kinds) < 2:
        return None
    items = tuple(sorted(f"{device}, {precision}" for device, precision in kinds))
    return Banner("Units computed in different ways", "Compared arms should share device and precision.", items)
