"""Everything that a prediction needs of one arm, from a run folder or from a folder that `export` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ovcf_bench import records, registry, scores
from ovcf_bench.api import BuildContext, Fitted, ModelPlugin, Params
from ovcf_bench.errors import BenchError, Problem, RecordError, one_of
from ovcf_bench.images import Limits, Preprocessing
from ovcf_bench.plan import training_of
from ovcf_bench.provenance import is_bundled, source_digest
from ovcf_bench.records import RunFolder
from ovcf_bench.registry import Registry
from ovcf_bench.store import Store
from ovcf_bench.study import ParamsModels, Study, load_study, plugin_files
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.vocabulary import Arm, Ensemble

if TYPE_CHECKING:
    from ovcf_bench.training.scoring import TrainedNetwork

BUNDLE = "bundle.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What out-of-fold development scores say of an arm's probabilities: logit p = intercept + slope x logit."""

    intercept: float
    slope: float
    prevalence: float  # of the development cases


@dataclass(frozen=True, slots=True)
class Bundle:
    """One trained arm. units : folders of its finished units; threshold : frozen, on the scale of the ensemble."""

    study: Study
    plugins: Registry
    arm: Arm
    units: tuple[Path, ...]
    threshold: float | None
    recalibration: Recalibration | None
    limits: Mapping[str, Limits]
    findings: Mapping[str, Any]

    @property
    def plugin(self) -> ModelPlugin:
        """The plugin of the arm's model."""
        return self.plugins.model(self.study.document.models[self.arm.model].model)

    @property
    def params(self) -> Params:
        """The parameters of the arm's model."""
        params: Params = self.study.document.models[self.arm.model].params
        return params

    @property
    def training(self) -> TrainingSection:
        """The training settings of the arm."""
        return training_of(self.study.document.training, self.arm)

    @property
    def ensemble(self) -> Ensemble:
        """How the scores of the units become one."""
        return self.study.document.ensemble

    @property
    def preprocessing(self) -> Preprocessing:
        """How images are brought to the size of the networks."""
        height, width = self.training.image_size
        return Preprocessing(height, width, self.training.fit)

    @property
    def context(self) -> BuildContext:
        """What a network of this arm must fit; it loads its own weights afterwards."""
        return BuildContext(self.arm.views, *self.training.image_size, pretrained=False)

    def load(self, unit: Path, device: str) -> Fitted:
        """Return the model of one unit."""
        from ovcf_bench.training.unit import load_model

        return load_model(self.plugin, self.params, unit, self.context, self.training, device)

    def load_all(self, device: str, threads: int) -> list[Fitted]:
        """Return the models of all units. Raises BenchError when there is no such device."""
        from ovcf_bench.training.device import choose_device, prepare_process

        prepare_process(threads)
        place = str(choose_device(device))
        return [self.load(unit, place) for unit in self.units]

    def load_network(self, unit: Path) -> TrainedNetwork:
        """Return the network of one unit, on the CPU; only for a plugin that builds one."""
        found = self.load(unit, "cpu")
        assert self.plugin.build is not None, "the core trained it"
        return cast("TrainedNetwork", found)


def open_bundle(path: Path, arm: str | None = None) -> Bundle:
    """Return one arm of a run, or of an exported folder. Raises BenchError when it cannot be used."""
    folder = RunFolder(path)
    try:
        return _opened(folder, arm)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"a record does not hold what was written into it ({type(error).__name__})"
        raise RecordError(
            Problem(f"folder {folder.name}", found, "Export it again, or run the study again.")
        ) from error


def _opened(folder: RunFolder, arm: str | None) -> Bundle:
    path = folder.path
    study, plugins = _study(folder)
    said = folder.read_json(BUNDLE) if folder.has(BUNDLE) else None
    names = [said["arm"]] if said is not None else [each.name for each in study.arms]
    name = _chosen(names, arm)
    found = folder.read_json(records.FINDINGS) if folder.has(records.FINDINGS) else {}
    # An exported folder always has limits: without them nothing would be refused.
    limits = folder.read_json(records.LIMITS)["views"] if said is not None or folder.has(records.LIMITS) else {}
    if said is not None:
        units, source = tuple(path / "units" / each for each in said["units"]), said["source"]
        threshold, recalibration = said["threshold"], said["recalibration"]
        settled = Recalibration(**recalibration) if recalibration else None
    else:
        units, source = _units(folder, name)
        threshold, settled = _threshold(found, name), _recalibration(folder, study, name)
    (mine,) = [each for each in study.arms if each.name == name]
    form = plugins.model(study.document.models[mine.model].model).form
    if not is_bundled(form) and source_digest(form) != source:
        advice = "Install the version that it was trained with, or run the study again."
        raise RecordError(Problem(f"arm {name!r}", "its plugin has changed since it was trained", advice))
    known = {view: Limits.from_json(each) for view, each in limits.items()}
    return Bundle(study, plugins, mine, units, threshold, settled, known, found)


def _study(folder: RunFolder) -> tuple[Study, Registry]:
    lock = folder.path / records.LOCK
    folder.read_text(records.LOCK)  # says which record of which folder is missing
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


def _units(folder: RunFolder, arm: str) -> tuple[tuple[Path, ...], str]:
    """Return the folders of the arm's units in the store beside the run, and the digest of what they were made with.

    Raises RecordError when one is not there.
    """
    store = Store(folder.path.parent / "units")
    units = [each for each in folder.read_json(records.PROVENANCE)["units"] if each["arm"] == arm]
    if not units:
        found = f"{arm!r} was not trained: its scores come from elsewhere"
        raise BenchError(Problem(f"run {folder.name}", found, "Name an arm that reads images."))
    lacking = [each for each in units if not store.is_done(each["key"])]
    if lacking:
        found = f"{len(lacking)} of {len(units)} units of {arm!r} are not in the store beside the run"
        raise RecordError(Problem(f"run {folder.name}", found, "Run the study again, or copy the folder `units` too."))
    source = str(store.record(units[0]["key"]).identity["model"]["source"])
    return tuple(store.unit_folder(each["key"]) for each in units), source


def _threshold(findings: Mapping[str, Any], arm: str) -> float | None:
    """Return the threshold that was frozen on development; it is the same on every test set."""
    for found in findings.get("sets", {}).values():
        point = found["arms"].get(arm, {}).get("operating_point")
        if point and point.get("threshold") is not None:
            return float(point["threshold"])
    return None


def _recalibration(folder: RunFolder, study: Study, arm: str) -> Recalibration | None:
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
