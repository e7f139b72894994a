"""What a reader must know before believing a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ovcf_bench.findings.cautions import OPTIMISTIC, late_comparisons
from ovcf_bench.findings.values import Findings
from ovcf_bench.records import Provenance
from ovcf_bench.report.read import RunRecords
from ovcf_bench.wording import count, joined


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice above the results; `items` are its particulars."""

    title: str
    text: str
    items: tuple[str, ...] = ()
    grave: bool = False


def notices(run: RunRecords) -> tuple[Notice, ...]:
    """Return the notices that this run calls for, the gravest first."""
    said = run.provenance
    if said is None:
        runs = [f"run {each.number}" for each in (run.side_by_side.runs if run.side_by_side else ()) if each.synthetic]
        return (*_synthetic("Radiographs", runs), *_late(run.findings))
    return (
        *_failed(said),
        *_synthetic("The radiographs", said.synthetic),
        *_random_weights(said),
        *_optimistic(said),
        *_shortcuts(run),
        *_late(run.findings),
        *_unlike(said),
        *_reduced(said),
    )


def _failed(said: Provenance) -> Iterator[Notice]:
    failed = tuple(f"{each.unit.name}: {each.reason}" for each in said.failed)
    if failed:
        yield Notice(
            f"{count(len(failed))} of {count(len(said.units))} units failed",
            "Their arms have no ensemble and enter no comparison. Nothing was imputed.",
            failed,
            grave=True,
        )


def _synthetic(what: str, names: Sequence[str]) -> Iterator[Notice]:
    if names:
        yield Notice(
            "Synthetic data",
            f"{what} of {joined(names)} were computed; no patient was examined. "
            "The figures show what the method does, and nothing about patients.",
        )


def _random_weights(said: Provenance) -> Iterator[Notice]:
    names = [name for name, facts in said.models.items() if facts.get("weights") == "none"]
    if names:
        yield Notice("Random starting weights", f"{joined(names)} started from random, not from pretrained, weights.")


def _optimistic(said: Provenance) -> Iterator[Notice]:
    if said.optimistic_checkpoint:
        yield Notice("Optimistic checkpoints", f"{OPTIMISTIC} The test sets took no part in the choice.")


def _shortcuts(run: RunRecords) -> Iterator[Notice]:
    found = {each.check: each for each in run.checks if each.level != "ok"}
    if "shortcuts" in found:
        yield Notice(
            "A shortcut is at hand",
            f"In development {found['shortcuts'].summary}. Networks may have learnt that instead of the disease; only "
            "an external set without it can tell.",
            grave=True,
        )
    if "near_duplicates" in found:
        yield Notice("Images that look alike", f"{found['near_duplicates'].summary}.".capitalize())


def _late(findings: Findings) -> Iterator[Notice]:
    for text in late_comparisons(findings.sets):
        yield Notice("Not declared in advance", text)


def _unlike(said: Provenance) -> Iterator[Notice]:
    ways = {(unit.device, unit.precision): None for unit in said.units if unit.status == "done"}
    if len(ways) > 1:
        yield Notice(
            "Units made in different ways",
            "Devices or precisions differ, so small differences between arms may come from them: "
            f"{joined([f'{device} with {precision}' for device, precision in ways])}.",
        )


def _reduced(said: Provenance) -> Iterator[Notice]:
    if said.reduced:
        yield Notice(
            f"Reduced by the profile {said.profile}" if said.profile else "Changed on the command line",
            "This run differs from its study file as listed; what is not listed is as the file says.",
            said.reduced,
        )
