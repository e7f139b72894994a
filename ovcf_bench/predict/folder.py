"""Writes one arm as a folder that needs neither the run nor its data: weights, ONNX, study, limits, model card."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import write_atomically
from ovcf_bench.predict.bundle import BUNDLE, SCHEMA, Bundle
from ovcf_bench.predict.card import model_card
from ovcf_bench.provenance import versions

_LEFT_OUT = ("scores.csv", "history.json", "unit.json")  # of a unit: what is not needed to score


def export_bundle(bundle: Bundle, folder: Path, say: Callable[[str], None], *, onnx: bool = True) -> None:
    """Write the folder. Raises BenchError when it is there already, or a unit cannot be exported.

    Nothing in it comes from a single patient: weights, settings, and means over development images.
    """
    if bundle.plugin.fuse is not None or bundle.plugin.listed is not None:
        found = f"{bundle.arm.name!r} holds no model of images: its scores come from elsewhere"
        raise BenchError(Problem("--arm", found, "Export the arms that it combines."))
    if folder.exists() and any(folder.iterdir()):
        raise BenchError(Problem(folder.name, "the folder is there and not empty", "Choose another one."))
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number, unit in enumerate(bundle.units, start=1):
        names.append(f"unit-{number}")
        target = folder / "units" / names[-1]
        target.mkdir(parents=True)
        for path in sorted(unit.iterdir()):
            if path.is_file() and path.name not in _LEFT_OUT:
                shutil.copyfile(path, target / path.name)
    difference = _onnx(bundle, folder, say) if onnx else None
    alone = _study_of_one_arm(bundle)
    write_atomically(folder / records.LOCK, alone)
    for each in bundle.study.document.plugins:
        shutil.copyfile(bundle.study.folder / each, folder / Path(each).name)
    limits = {view: each.to_json() for view, each in bundle.limits.items() if view in bundle.arm.views}
    write_atomically(folder / records.LIMITS, _json({"preprocessing": bundle.preprocessing.version, "views": limits}))
    write_atomically(folder / "README.md", model_card(bundle, difference))
    said = {
        "schema": SCHEMA,
        "arm": bundle.arm.name,
        "units": names,
        "threshold": bundle.threshold,
        "recalibration": dataclasses.asdict(bundle.recalibration) if bundle.recalibration else None,
        "versions": versions(),
    }
    write_atomically(folder / BUNDLE, _json(said))  # last: a folder without it is no bundle


def _json(values: object) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _study_of_one_arm(bundle: Bundle) -> str:
    """Return the resolved study; plugin files lie beside it."""
    document = bundle.study.document
    named = tuple(Path(each).name for each in document.plugins)
    return dataclasses.replace(bundle.study, document=document.model_copy(update={"plugins": named})).to_yaml()


def _onnx(bundle: Bundle, folder: Path, say: Callable[[str], None]) -> float | None:
    if bundle.plugin.build is None:
        say(f"No ONNX: {bundle.arm.name} is no network that was trained here.")
        return None
    from ovcf_bench.training.onnx import CHECKED, to_onnx

    networks = [bundle.load_network(unit) for unit in bundle.units]
    shape = (len(bundle.arm.views), *bundle.training.image_size)
    content, difference = to_onnx(networks, shape, by_logit=bundle.ensemble == "mean_logit")
    write_atomically(folder / "model.onnx", content)
    say(f"ONNX and torch agree: largest difference of a logit {difference:.1g} on {CHECKED} images.")
    return difference
