"""Writes one arm as a folder that needs neither the run nor its data: weights, ONNX, study, limits, model card."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ovcf_bench import records
from ovcf_bench.files import whole_folder, write_atomically
from ovcf_bench.predict.bundle import Bundle
from ovcf_bench.predict.card import model_card
from ovcf_bench.provenance import file_digest, source_digest, versions
from ovcf_bench.records import EXPORT_SCHEMA, EXPORTED_ARM, LIMITS, ExportedArm, RunFolder, StudyLimits, ViewLimits
from ovcf_bench.study import for_others
from ovcf_bench.vocabulary import TRAINING_VERSION

_MEMBERS = "members"
_LEFT_OUT = ("scores.csv", "history.json", "unit.json", "epoch.pt")  # of a unit: what is not needed to score


def export_bundle(
    bundle: Bundle,
    folder: Path,
    say: Callable[[str], None],
    *,
    onnx: bool = True,
    beside: Sequence[str] | None = None,
) -> None:
    """Write the folder. Raises BenchError when it is there already, or a unit cannot be exported; then nothing is.

    Nothing in it comes from a single patient: weights, settings, and means over development images. The arms that a
    combined one joins go along in folders of their own, unless they lie already `beside` it (paths from `folder`).
    """
    with whole_folder(folder) as made:
        members = beside
        if members is None:
            members = [f"{_MEMBERS}/{number}" for number in range(1, len(bundle.members) + 1)]
            for name, member in zip(members, bundle.members, strict=True):
                export_bundle(member, made / name, say, onnx=onnx)
        _write(bundle, members, made, say, onnx=onnx)


def _write(bundle: Bundle, members: Sequence[str], folder: Path, say: Callable[[str], None], *, onnx: bool) -> None:
    names = []
    for number, unit in enumerate(bundle.units, start=1):
        names.append(f"unit-{number}")
        target = folder / "units" / names[-1]
        target.mkdir(parents=True)
        for path in sorted(unit.rglob("*")):
            if path.is_file() and path.name not in _LEFT_OUT and not path.name.startswith("."):
                copy = target / path.relative_to(unit)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    difference = _onnx(bundle, folder, say) if onnx else None
    write_atomically(folder / records.LOCK, for_others(bundle.study).to_yaml())
    for each in bundle.study.document.plugins:
        name = f"{records.PLUGINS}/{Path(each).name}"
        write_atomically(folder / name, (bundle.study.folder / name).read_bytes())
    limits = {view: ViewLimits(**each.to_json()) for view, each in bundle.usual.items() if view in bundle.arm.views}
    made = RunFolder(folder)
    made.write(LIMITS, StudyLimits(bundle.preprocessing.version, limits))
    write_atomically(folder / "README.md", model_card(bundle, difference))
    said = ExportedArm(
        schema=EXPORT_SCHEMA,
        arm=bundle.arm.name,
        units=tuple(names),
        members=tuple(members),
        source=source_digest(bundle.plugin.form),
        threshold=bundle.threshold,
        recalibration=bundle.recalibration,
        training_version=TRAINING_VERSION,
        versions=versions(),
        files={each.relative_to(folder).as_posix(): file_digest(each) for each in sorted(_scored_with(folder))},
    )
    made.write(EXPORTED_ARM, said)


def _scored_with(folder: Path) -> Iterator[Path]:
    """Yield the files that scores depend on; members have lists of their own."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "README.md" and path.relative_to(folder).parts[0] != _MEMBERS:
            yield path


def _onnx(bundle: Bundle, folder: Path, say: Callable[[str], None]) -> float | None:
    if bundle.plugin.build is None:
        say(f"No ONNX for {bundle.arm.name}: it is no network that was trained here.")
        return None
    from ovcf_bench.training.onnx import CHECKED, to_onnx

    networks = [bundle.load_network(unit) for unit in bundle.units]
    shape = (len(bundle.arm.views), *bundle.training.image_size)
    content, difference = to_onnx(networks, shape, by_logit=bundle.ensemble == "mean_logit")
    write_atomically(folder / "model.onnx", content)
    agree = f"ONNX and torch agree for {bundle.arm.name}"
    say(f"{agree}: largest difference of a logit {difference:.1g} on {CHECKED} images.")
    return difference
