"""One unit, in a process of its own: fit, score, save, and only then count as finished."""

from __future__ import annotations

import csv
import dataclasses
import functools
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.errors import PluginError, Problem, RecordError, UnitError
from ovcf_bench.files import write_atomically
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, FitContext, Fitted, Fuser, Images, ModelPlugin, Params, Pixels
from ovcf_bench.store import Store, UnitRecord
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.vocabulary import DEVELOPMENT, Unit

SCORES = "scores.csv"
HISTORY = "history.json"
Report = Callable[[Mapping[str, Any]], None]
# Name, ids (patient, exam, image) and logits (n, 1) of every set that a unit scores, development first.
Scored = Sequence[tuple[str, Sequence[tuple[str, str, str]], np.ndarray[Any, Any]]]

# What a plugin that fits by itself may report, and the numbers that belong to it.
_REPORTED = {"epoch": ("epoch", "epochs", "loss", "images_per_second"), "step": ("done", "loss")}


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Images to be scored under the name of their set, with the ids that go beside the scores."""

    name: str
    ids: tuple[tuple[str, str, str], ...]  # patient_id, exam_id, image_id: pseudonyms
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class UnitJob:
    """What every unit needs; it travels to another process, the pixels stay on disk."""

    key: str
    identity: Mapping[str, Any]
    unit: Unit
    plugin: ModelPlugin
    params: Params
    store: Path
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FitJob(UnitJob):
    """A unit that learns from images and scores images."""

    seed: int
    training: TrainingSection
    build: BuildContext
    train: Images
    tune: Images | None
    sets: Sequence[ScoreSet]
    device: str
    threads: int


def run_unit(job: FitJob, report: Report) -> None:
    """Fit and score one unit and finish it in the store. Raises UnitError with the reason when it cannot."""
    from ovcf_bench.training.device import prepare_process
    from ovcf_bench.training.networks import forget_epochs

    begun = time.perf_counter()
    device = prepare_process(job.threads, job.device)
    store = Store(job.store)
    folder = store.unit_folder(job.key)
    folder.mkdir(parents=True, exist_ok=True)
    context = FitContext(job.build, job.seed, str(device), job.threads, folder, report, store.shared)
    fitted, history, facts = fit_model(job.plugin, job.params, job.train, job.tune, job.training, context)
    scored = [
        (each.name, each.ids, scores_of(job.plugin, fitted, each.pixels, len(each.ids), f"set {each.name!r}"))
        for each in job.sets
    ]
    made = {"device": device.type, "precision": job.training.precision, "threads": job.threads, **facts}
    finish(job, begun, fitted, scored, history, made)
    forget_epochs(folder)


def fit_model(
    plugin: ModelPlugin,
    params: Params,
    train: Images,
    tune: Images | None,
    training: TrainingSection,
    context: FitContext,
) -> tuple[Fitted, list[dict[str, Any]], dict[str, Any]]:
    """Return the fitted model, its history (one mapping per epoch), and class and number of parameters."""
    if plugin.fit is not None:
        context = dataclasses.replace(context, report=functools.partial(_report, plugin, context.report))
        with calling(f"model {plugin.name!r}", plugin.fit):
            fitted = plugin.fit(params, train, tune, context)
        check_fitted(plugin, "fit", fitted)
        return fitted, [], {"class": type(fitted).__name__, "parameters": None}
    from ovcf_bench.training.loop import fit_network
    from ovcf_bench.training.networks import build_network

    build = functools.partial(build_network, plugin, params, context.build)
    trained, history = fit_network(build, train, tune, training, context)
    network = trained.network
    inner = getattr(network, "described_by", network)  # a wrapper may say which part deserves its name
    facts = {
        "class": f"{type(inner).__module__.partition('.')[0]}.{type(inner).__name__}",
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
    return trained, history, facts


def check_fitted(plugin: ModelPlugin, hook: str, fitted: object) -> None:
    """Raise PluginError for what is no `api.Fitted` or `api.Fuser`."""
    lacking = [name for name in ("scores", "save") if not callable(getattr(fitted, name, None))]
    if lacking:
        found = f"returns {type(fitted).__name__}, without {' and '.join(lacking)}"
        wanted = f"Return an object with scores({'logits' if plugin.fuse else 'pixels'}) and save(folder)."
        raise PluginError(Problem(f"model {plugin.name!r}, {hook}", found, wanted))


def _report(plugin: ModelPlugin, report: Report, values: Mapping[str, Any]) -> None:
    """Pass on what a plugin says of its progress. Raises PluginError for what nobody could show."""
    said = dict(values)
    needed = _REPORTED.get(str(said.get("kind")), ("kind",))
    numbers = [name for name in needed if not isinstance(said.get(name), int | float)]
    if numbers:
        allowed = "; ".join(f"kind {kind!r} with the numbers {', '.join(names)}" for kind, names in _REPORTED.items())
        given = [name for name in numbers if name in said]
        lacking = f"lacks {', '.join(numbers)}" if not given else f"has no number as {', '.join(given)}"
        found = lacking if said.get("kind") in _REPORTED else "is of no kind that can be shown"
        raise PluginError(Problem(f"model {plugin.name!r}, context.report", found, f"Allowed: {allowed}."))
    report(said)


def load_model(
    plugin: ModelPlugin,
    params: Params,
    folder: Path,
    build: BuildContext,
    training: TrainingSection,
    device: str = "cpu",
) -> Fitted:
    """Return a finished unit's model, as it was when it scored; `build.pretrained` should be false.

    Raises RecordError when its weights are not there or damaged.
    """
    if plugin.load is not None:
        loaded: Fitted = load_saved(plugin, params, folder, build)
        return loaded
    import torch
    from safetensors import SafetensorError

    from ovcf_bench.training.device import prepare_network
    from ovcf_bench.training.networks import build_network, load_weights
    from ovcf_bench.training.scoring import TrainedNetwork

    network = build_network(plugin, params, build)
    try:
        load_weights(folder, network)
    except (OSError, RuntimeError, SafetensorError) as error:  # absent, of another shape, cut short
        found = f"its weights cannot be used ({type(error).__name__})"
        raise RecordError(Problem(f"unit {folder.name}", found, "Export it again, or run the study again.")) from error
    place = torch.device(device)
    return TrainedNetwork(prepare_network(network, place, "float32"), place, training.normalisation)


def load_saved(plugin: ModelPlugin, params: Params, folder: Path, build: BuildContext) -> Any:
    """Return what a plugin's `load` makes of what it saved: an `api.Fitted`, or an `api.Fuser`."""
    assert plugin.load is not None, "only a plugin that saves by itself is asked"
    with calling(f"model {plugin.name!r}", plugin.load):
        loaded = plugin.load(params, folder, build)
    check_fitted(plugin, "load", loaded)
    return loaded


def scores_of(plugin: ModelPlugin, fitted: Fitted | Fuser, given: Any, n: int, at: str = "") -> np.ndarray[Any, Any]:
    """Return the logits (n, 1) that a model makes of n images, or a rule of n rows of logits.

    Raises UnitError for scores that are none, PluginError when the plugin raises; `at` says of what.
    """
    model = f"model {plugin.name!r}"
    with calling(model, fitted.scores, at):
        logits = fitted.scores(given)
    shape = (n, 1)
    if not isinstance(logits, np.ndarray):
        found = f"returns {type(logits).__name__}"
    elif logits.shape != shape:
        found = f"returns {logits.shape} for {n} images"
    elif not np.issubdtype(logits.dtype, np.floating):
        found = f"returns numbers of type {logits.dtype}"
    elif not np.isfinite(logits).all():
        found = f"{int((~np.isfinite(logits)).sum())} of {logits.size} scores are not finite"
    else:
        return logits
    wanted = f"Wanted: finite logits {shape} as a numpy array of float32, one row for each image."
    raise UnitError(Problem(", ".join(part for part in (model, "scores", at) if part), found, wanted))


def finish(
    job: UnitJob, begun: float, fitted: Fitted | Fuser, scored: Scored, history: Sequence[Any], made: Mapping[str, Any]
) -> None:
    """Write the scores of a unit, its history and its model, and then let it count.

    begun : when it began, by `time.perf_counter`; made : how, besides the seconds and the versions.
    """
    store = Store(job.store)
    folder = store.unit_folder(job.key)
    write_atomically(folder / SCORES, _score_text(scored))
    write_atomically(folder / HISTORY, json.dumps(history, indent=1) + "\n")
    with calling(f"model {job.plugin.name!r}", fitted.save):
        fitted.save(folder)
    said = {"seconds": round(time.perf_counter() - begun, 2), "versions": dict(job.versions), **made}
    # The record comes last: a unit without it never happened, whatever else lies in its folder.
    store.finish(UnitRecord(job.key, job.unit, job.identity, said))


def _score_text(scored: Scored) -> str:
    """Return a unit's score table as text: set, ids, and the float32 logit in its shortest exact form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("set", "patient_id", "exam_id", "image_id", "logit"))
    for name, ids, logits in scored:
        writer.writerows((name, *each, str(logit)) for each, logit in zip(ids, logits[:, 0], strict=True))
    assert scored[0][0] == DEVELOPMENT
    return text.getvalue()
