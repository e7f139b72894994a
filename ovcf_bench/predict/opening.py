"""Opens one trained arm: of a run folder, or of a folder that `export` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ovcf_bench import records, scores
from ovcf_bench.errors import BenchError, Problem, RecordError, one_of
from ovcf_bench.findings import FINDINGS, Findings
from ovcf_bench.hooks import registry
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.images import UsualImages
from ovcf_bench.predict.bundle import Bundle
from ovcf_bench.provenance import file_digest, is_bundled, source_digest
from ovcf_bench.records import EXPORTED_ARM, ExportedArm, Provenance, Recalibration, RunFolder, StudyLimits, plain
from ovcf_bench.store import Store
from ovcf_bench.study import ParamsModels, Study, load_study, plugin_files
from ovcf_bench.vocabulary import PREPROCESSING_VERSION, TRAINING_VERSION, Arm


def open_bundle(path: Path, arm: str | None = None) -> Bundle:
    """Return one arm of a run, or of an exported folder. Raises BenchError when it cannot be used."""
    folder = RunFolder(path)
    exported = folder.has(EXPORTED_ARM)
    bundle, source = _exported(RunFolder(path, "exported folder"), arm) if exported else _of_run(folder, arm)
    form = bundle.plugin.form
    if not is_bundled(form) and source_digest(form) != source:
        advice = "Install the version that it was trained with, or run the study again."
        raise RecordError(Problem(f"arm {bundle.arm.name!r}", "its plugin has changed since it was trained", advice))
    return bundle


def _exported(folder: RunFolder, arm: str | None) -> tuple[Bundle, str]:
    """Return the arm of a folder that `export` wrote, and the digest of what it was made with."""
    said, limits = folder.read(EXPORTED_ARM), folder.read(records.LIMITS)
    _refuse_other_versions(folder, said, limits.preprocessing)
    _refuse_changed(folder, said.files)
    name = _chosen([said.arm], arm)
    study, plugins = _study(folder, EXPORTED_ARM.anew)
    bundle = Bundle(
        study=study,
        plugins=plugins,
        arm=_arm(study, name),
        units=tuple(folder.path / "units" / each for each in said.units),
        threshold=said.threshold,
        recalibration=said.recalibration,
        usual=_usual_images(folder, limits),
        findings=None,
        members=tuple(open_bundle(folder.path / each) for each in said.members),
    )
    return bundle, said.source


def _of_run(folder: RunFolder, arm: str | None) -> tuple[Bundle, str]:
    """Return an arm of a run, and the digest of what it was made with."""
    limits, said = folder.read(records.LIMITS), folder.read(records.PROVENANCE)
    _refuse_other_versions(folder, said, limits.preprocessing)
    study, plugins = _study(folder, records.RUN_AGAIN)
    name = _chosen([each.name for each in study.arms], arm)
    mine = _arm(study, name)
    findings = folder.find(FINDINGS)
    units, source = _units(folder, said, name)
    section = study.document.models[mine.model]
    fuses = plugins.model(section.model).fuses
    members = [f"{view}/{fuses(section.params)}" for view in mine.views] if fuses else []
    bundle = Bundle(
        study=study,
        plugins=plugins,
        arm=mine,
        units=units,
        threshold=_threshold(findings, name),
        recalibration=_recalibration(folder, name),
        usual=_usual_images(folder, limits),
        findings=findings,
        members=tuple(open_bundle(folder.path, each) for each in members),
    )
    return bundle, source


def _arm(study: Study, name: str) -> Arm:
    (found,) = [each for each in study.arms if each.name == name]
    return found


def _refuse_other_versions(folder: RunFolder, said: Provenance | ExportedArm, preprocessing: str) -> None:
    """Raise RecordError when another version of this program wrote the folder, and would score images otherwise."""
    if (said.training_version, preprocessing.partition("-")[0]) != (TRAINING_VERSION, f"v{PREPROCESSING_VERSION}"):
        made_by = said.versions.get("ovcf-bench", "another version")
        advice = f"Use ovcf-bench {made_by}, which made it, or run the study again."
        found = "this version would score images in another way"
        raise RecordError(Problem(f"{folder.what} {folder.name}", found, advice))


def _refuse_changed(folder: RunFolder, files: Mapping[str, str]) -> None:
    """Raise RecordError when a file that scores depend on is not as it was exported."""
    where = f"{folder.what} {folder.name}"
    for name, digest in files.items():
        try:
            as_exported = file_digest(folder.path / name) == digest
        except OSError as error:
            raise RecordError(Problem(where, f"{name} cannot be read", EXPORTED_ARM.anew)) from error
        if not as_exported:
            raise RecordError(Problem(where, f"{name} is not as it was exported", EXPORTED_ARM.anew))


def _usual_images(folder: RunFolder, said: StudyLimits) -> dict[str, UsualImages]:
    try:
        return {view: UsualImages.from_json(plain(each)) for view, each in said.views.items()}
    except ValueError as error:  # rows of unequal length
        where = f"{folder.name}, {records.LIMITS.file}"
        raise RecordError(Problem(where, "its tables have rows of unequal length", records.LIMITS.anew)) from error


def _study(folder: RunFolder, anew: str) -> tuple[Study, Registry]:
    lock = folder.path / records.LOCK
    folder.read_text(records.LOCK, anew)  # says which record of which folder is missing
    plugins = registry.load(files=[folder.path / records.PLUGINS / each.name for each in plugin_files(lock)])
    models = ParamsModels(
        {name: each.plugin.params for name, each in plugins.datasets.items()},
        {name: each.plugin.params for name, each in plugins.models.items()},
    )
    return load_study(lock, models), plugins


def _chosen(names: Sequence[str], asked: str | None) -> str:
    if asked is None and len(names) == 1:
        return names[0]
    if asked is None:
        raise BenchError(Problem("--arm", "the run has several arms", one_of("", names)))
    if asked not in names:
        raise BenchError(Problem("--arm", f"there is no arm {asked!r}", one_of(asked, names)))
    return asked


def _units(folder: RunFolder, said: Provenance, arm: str) -> tuple[tuple[Path, ...], str]:
    """Return the folders of the arm's units in the store beside the run, and the digest of what they were made with.

    Raises RecordError when one is not there.
    """
    store = Store(folder.path.parent / "units")
    units = [each for each in said.units if each.unit.arm == arm]
    if not units:
        found = f"{arm!r} was not trained: its scores come from elsewhere"
        raise BenchError(Problem(f"run {folder.name}", found, "Name an arm that reads images."))
    lacking = [each for each in units if not store.is_done(each.key)]
    if lacking:
        found = f"{len(lacking)} of {len(units)} units of {arm!r} are not in the store beside the run"
        raise RecordError(Problem(f"run {folder.name}", found, "Run the study again, or copy the folder `units` too."))
    key = units[0].key
    try:
        source = str(store.record(key).identity["model"]["source"])
    except (KeyError, TypeError) as error:
        advice = "Delete this unit's folder and run the study again."
        raise RecordError(Problem(f"unit {key[:12]}", "unit.json does not say what made it", advice)) from error
    return tuple(store.unit_folder(each.key) for each in units), source


def _threshold(findings: Findings | None, arm: str) -> float | None:
    """Return the threshold that was frozen on development; it is the same on every test set."""
    for found in findings.sets.values() if findings else ():
        if arm in found.arms and (threshold := found.arms[arm].operating_point.threshold) is not None:
            return threshold
    return None


def _recalibration(folder: RunFolder, arm: str) -> Recalibration | None:
    """Return the logistic recalibration of the arm's out-of-fold development scores (Cox 1958)."""
    from ovcf_bench.stats.calibration import calibrate

    table = scores.from_csv(folder.read_text(records.SCORES))
    mine = table[(table["arm"] == arm) & (table["kind"] == "oof")]
    if mine["label"].nunique() < 2:
        return None
    truth = mine["label"].to_numpy() == 1
    found = calibrate(truth, mine["score"].to_numpy(dtype=float))
    if found.joint.value is None or found.slope.value is None:
        return None
    return Recalibration(found.joint.value, found.slope.value, float(truth.mean()))
