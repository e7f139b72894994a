"""What every model plugin must do."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.errors import BenchError, PluginError
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import BuildContext, FitContext, Fitted, Images, ModelPlugin, Params
from ovcf_bench.study.schema import OptimizerSection, TrainingSection
from ovcf_bench.testing.checks import Check, ContractError, in_one_line
from ovcf_bench.testing.every_model import FACTS, LOWEST_AUROC, Contract, ModelTrial, is_pickle, telling
from ovcf_bench.testing.score_models import fusion_checks, listed_checks
from ovcf_bench.training.unit import fit_model, load_model, scores_of

SIZE = (64, 48)  # height and width of the images that models are tried on, in pixels
_N_TRAIN, _N_SCORED = 64, 32
_MOST_DIFFERENCE = 1e-4  # of logits, as a share of their spread: the last bits of a convolution depend on the batch
_VIEWS = (("ap",), ("ap", "lateral"))
_NOISE, _SQUARE = 0.05, 0.5  # brightness


@dataclass
class _Trial(ModelTrial):
    """A model that reads images and is being tried; what is slow is done once."""

    size: tuple[int, int]

    @cached_property
    def context(self) -> BuildContext:
        """The first combination of views that the model takes."""
        refused: list[BenchError] = []
        for views in _VIEWS:
            context = BuildContext(views, *self.size, pretrained=False)
            try:
                self.try_shape(context)
            except BenchError as error:
                refused.append(error)
                continue
            return context
        raise refused[0]

    def try_shape(self, context: BuildContext) -> None:
        if self.plugin.build is not None:
            from ovcf_bench.training.networks import build_network

            build_network(self.plugin, self.params, context)
        else:
            images = separable_images(8, len(context.views), (context.height, context.width), seed=9)
            self.fit(images, seed=1, context=context)

    def fit(self, images: Images, seed: int, context: BuildContext | None = None) -> Fitted:
        with tempfile.TemporaryDirectory() as folder:
            place = FitContext(context or self.context, seed, "cpu", 1, Path(folder), lambda values: None)
            fitted, _, _ = fit_model(self.plugin, self.params, images, None, recipe(), place)
        return fitted

    def images(self, n: int, seed: int) -> Images:
        return separable_images(n, len(self.context.views), self.size, seed)

    @cached_property
    def train(self) -> Images:
        return self.images(_N_TRAIN, seed=1)

    @cached_property
    def scored(self) -> Images:
        return self.images(_N_SCORED, seed=2)

    @cached_property
    def labels(self) -> np.ndarray[Any, Any]:
        """The very labels that `fitted` was given."""
        return self.train.labels.copy()

    @cached_property
    def fitted(self) -> Fitted:
        return self.fit(Images(self.train.pixels, self.labels), seed=1)

    def scores(self, fitted: Fitted, pixels: Any) -> np.ndarray[Any, Any]:
        return scores_of(self.plugin, fitted, pixels, len(pixels))

    @cached_property
    def logits(self) -> np.ndarray[Any, Any]:
        return self.scores(self.fitted, self.scored.pixels)

    def logits_with_labels_turned(self) -> np.ndarray[Any, Any]:
        """Score the same images while the labels that the model was fitted to are turned round."""
        fitted = self.fitted  # before its labels are turned
        self.labels[:] = 1 - self.labels
        try:
            return self.scores(fitted, self.scored.pixels)
        finally:
            self.labels[:] = 1 - self.labels


def separable_images(n: int, n_views: int, size: tuple[int, int], seed: int) -> Images:
    """Return n images, every second one (label 1) with a bright square at a random place in all views.

    pixels : (n, n_views, height, width) uint16; labels : (n, 1) uint8.
    """
    height, width = size
    generator = np.random.default_rng(seed)
    pixels = 0.3 + _NOISE * generator.standard_normal((n, n_views, height, width))
    labels = (np.arange(n) % 2).astype(np.uint8)
    side = max(2, min(height, width) // 3)
    for row in np.flatnonzero(labels):
        top, left = generator.integers(height - side), generator.integers(width - side)
        pixels[row, :, top : top + side, left : left + side] += _SQUARE
    levels = np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16)
    return Images(levels, labels[:, None])


def recipe() -> TrainingSection:
    """Return how networks are trained in a trial: some sixty steps."""
    return TrainingSection(
        epochs=15, batch_size=16, optimizer=OptimizerSection(name="adam", learning_rate=5e-3), precision="float32"
    )


def model_checks(plugin: ModelPlugin, params: Params, size: tuple[int, int], folder: Path) -> list[Check]:
    """Return the checks of a model with these parameters, tried on images of `size` (height, width).

    folder : where relative paths of a plugin start that lists scores.
    """
    if plugin.fuse is not None:
        return fusion_checks(plugin, params)
    if plugin.listed is not None:
        return listed_checks(plugin, params, folder)
    return _Trial(plugin, params, size).checks(_CONTRACTS)


def _shapes(trial: _Trial) -> str:
    worked = []
    height, width = trial.size
    for views in _VIEWS:
        for size in (trial.size, (height + 32, width + 16)):
            context = BuildContext(views, *size, pretrained=False)
            try:
                trial.try_shape(context)
            except BenchError as error:
                if context == trial.context or views == trial.context.views:
                    raise ContractError(
                        str(error.problems[0]), "Take n_views, height and width from the context."
                    ) from error
                continue
            worked.append(f"{len(views)} view{'s' if len(views) > 1 else ''} {size[0]} x {size[1]}")
    return ", ".join(worked)


def _finite(trial: _Trial) -> str:
    low, high = float(trial.logits.min()), float(trial.logits.max())
    blank = np.zeros((3, *trial.scored.pixels.shape[1:]), dtype=np.uint16)
    blank[1], blank[2] = 65535, 32768
    trial.scores(trial.fitted, blank)
    return f"logits from {low:.2f} to {high:.2f}; finite for black, grey and white images too"


def _one_by_one(trial: _Trial) -> str:
    n = 5
    single = np.concatenate([trial.scores(trial.fitted, trial.scored.pixels[[row]]) for row in range(n)])
    together = trial.logits[:n]
    backwards = trial.scores(trial.fitted, trial.scored.pixels[np.arange(n)[::-1]])[::-1]
    spread = max(1.0, float(np.ptp(trial.logits)))
    most = max(float(np.abs(single - together).max()), float(np.abs(backwards - together).max()))
    if most > _MOST_DIFFERENCE * spread:
        fix = "Score each image for itself: no batch statistics, no ranks, no state. Networks belong in eval mode."
        raise ContractError(f"a score changes by {most:.2g} when other images are scored beside it", fix)
    return f"largest difference {most:.1g}"


def _same_seed(trial: _Trial) -> None:
    again = trial.scores(trial.fit(trial.train, seed=1), trial.scored.pixels)
    if not np.array_equal(again, trial.logits):
        most = float(np.abs(again - trial.logits).max())
        fix = "Draw every random number from context.seed (np.random.default_rng, random_state=, torch's global seed)."
        raise ContractError(f"fitted twice with one seed, scores differ by up to {most:.2g}", fix)


def _learns(trial: _Trial) -> str:
    tried_on = f"on new images after {_N_TRAIN} images of a bright square or none"
    fix = "Does every layer get a gradient? Is the output a logit, without sigmoid?"
    return telling(trial.logits[:, 0], trial.scored.labels[:, 0].astype(bool), tried_on, fix)


def _round_trip(trial: _Trial) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with calling(trial.name, trial.fitted.save):
            trial.fitted.save(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            raise ContractError("save() writes no file", "Write the model into the folder: safetensors, JSON, .npy.")
        pickled = [path.name for path in files if is_pickle(path)]
        if pickled:
            fix = "Pickle runs code when it is opened. Write arrays as safetensors, settings as JSON."
            raise ContractError(f"{', '.join(pickled)} is a pickle", fix)
        loaded = load_model(trial.plugin, trial.params, folder, trial.context, recipe())
        again = trial.scores(loaded, trial.scored.pixels)
        size = sum(path.stat().st_size for path in files)
    if not np.allclose(again, trial.logits, rtol=1e-6, atol=1e-6):
        most = float(np.abs(again - trial.logits).max())
        seen = f"after save and load, scores differ by up to {most:.2g}"
        raise ContractError(seen, "Save buffers and scaling as well.")
    return f"{', '.join(path.name for path in files)}, {size / 1e6:.2f} MB"


def _labels_are_gone(trial: _Trial) -> None:
    before = trial.scores(trial.fitted, trial.scored.pixels)
    turned = trial.logits_with_labels_turned()
    after = trial.scores(trial.fitted, trial.scored.pixels)
    # Scores that change by themselves, by chance or by counting calls, are no matter of labels: other checks tell.
    if np.array_equal(before, after) and not np.array_equal(before, turned):
        most = float(np.abs(turned - before).max())
        seen = f"scores follow labels that were changed after fitting: they differ by up to {most:.2g}"
        raise ContractError(seen, "Keep no labels after fit.")


def _one_class(trial: _Trial) -> str:
    images = replace(trial.train, labels=np.zeros_like(trial.train.labels))
    try:
        trial.scores(trial.fit(images, seed=1), trial.scored.pixels)
    except BenchError as error:
        if error.problems[0].trace:  # an exception of the plugin, not a message that it meant to give
            fix = "Raise UnitError or PluginError from ovcf_bench.api with a sentence, or give finite scores."
            raise ContractError(error.problems[0].found, fix) from error
        return f"refuses: {error.problems[0].found}"
    return "gives finite scores"


def _cost(trial: _Trial) -> str:
    _ = trial.logits  # what fails here as well is no matter of another process
    (outcome,) = run_jobs([Job("cost", _measure, (trial.plugin, trial.params, trial.context))], workers=1)
    if outcome.problems:
        seen = f"in another process: {in_one_line(outcome.problems[0])}"
        fix = "It works in one process and not in another: what does it rely on?"
        raise ContractError(seen, fix) from PluginError(*outcome.problems)
    fitting, scoring, memory = outcome.result
    return f"{fitting:.2f} ms to fit and {scoring:.2f} ms to score an image, {memory:.0f} MB at most, on one thread"


def _measure(argument: tuple[ModelPlugin, Params, BuildContext], report: Callable[..., None]) -> tuple[float, ...]:
    from ovcf_bench.training.device import prepare_process

    prepare_process(1)
    plugin, params, context = argument
    trial = _Trial(plugin, params, (context.height, context.width))
    before = _peak_megabytes()
    begun = time.perf_counter()
    fitted = trial.fit(trial.train, seed=1)
    fitting = (time.perf_counter() - begun) / (_N_TRAIN * (recipe().epochs if plugin.build else 1))
    begun = time.perf_counter()
    trial.scores(fitted, trial.scored.pixels)
    scoring = (time.perf_counter() - begun) / _N_SCORED
    return 1e3 * fitting, 1e3 * scoring, _peak_megabytes() - before


def _peak_megabytes() -> float:
    """Return the highest memory of this process so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


_CONTRACTS: tuple[Contract, ...] = (
    ("shapes", "takes the views, height and width of its context; gives (n, n_targets) logits", _shapes),
    ("finite scores", "scores() gives finite float32 logits (n, n_targets), for blank images too", _finite),
    ("each image for itself", "a score does not depend on the images beside it", _one_by_one),
    ("seed", "the same seed and images give the same model", _same_seed),
    ("learns", f"tells a bright square from none: AUROC {LOWEST_AUROC} at least", _learns),
    ("save and load", "save() writes no pickle, and what is loaded scores alike", _round_trip),
    ("labels stay out of scores", "scores() sees no labels, not even those of the training images", _labels_are_gone),
    ("one class", "images of one label give finite scores or a clear refusal", _one_class),
    FACTS,
    ("time and memory", "works in a process of its own, as every unit does", _cost),
)
