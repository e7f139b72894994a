"""Writes one arm as a folder that needs neither the run nor its data: weights, ONNX, study, limits, model card."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.files import whole_folder, write_atomically
from ovcf_bench.predict.bundle import BUNDLE, SCHEMA, Bundle
from ovcf_bench.predict.card import model_card
from ovcf_bench.provenance import source_digest, versions

_LEFT_OUT = ("scores.csv", "history.json", "unit.json")  # of a unit: what is not needed to score


def export_bundle(bundle: Bundle, folder: Path, say: Callable[[str], None], *, onnx: bool = True) -> None:
    """Write the folder. Raises BenchError when it is there already, or a unit cannot be exported; then nothing is.

    Nothing in it comes from a single patient: weights, settings, and means over development images.
    """
    if bundle.plugin.fuse is not None or bundle.plugin.listed is not None:
        found = f"{bundle.arm.name!r} holds no model of images: its scores come from elsewhere"
        raise BenchError(Problem("--arm", found, "Export the arms that it combines."))
    with whole_folder(folder) as made:
        _write(bundle, made, say, onnx=onnx)


def _write(bundle: Bundle, folder: Path, say: Callable[[str], None], *, onnx: bool) -> None:
    names = []
    for number, unit in enumerate(bundle.units, start=1):
        names.append(f"unit-{number}")
        target = folder / "units" / names[-1]
        target.mkdir(parents=True)
        for path in sorted(unit.iterdir()):
            if path.is_file() and path.name not in _LEFT_OUT:
                shutil.copyfile(path, target / path.name)
    difference = _onnx(bundle, folder, say) if onnx else None
    write_atomically(folder / records.LOCK, bundle.study.to_yaml())
    for each in bundle.study.document.plugins:
        name = f"{records.PLUGINS}/{Path(each).name}"
        write_atomically(folder / name, (bundle.study.folder / name).read_bytes())
    limits = {view: each.to_json() for view, each in bundle.limits.items() if view in bundle.arm.views}
    write_atomically(folder / records.LIMITS, _json({"preprocessing": bundle.preprocessing.version, "views": limits}))
    write_atomically(folder / "README.md", model_card(bundle, difference))
    said = {
        "schema": SCHEMA,
        "arm": bundle.arm.name,
        "units": names,
        "source": source_digest(bundle.plugin.form),
        "threshold": bundle.threshold,
        "recalibration": dataclasses.asdict(bundle.recalibration) if bundle.recalibration else None,
        "versions": versions(),
    }
    write_atomically(folder / BUNDLE, _json(said))


def _json(values: object) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


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
