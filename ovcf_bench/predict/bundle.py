"""Everything that a prediction needs of one trained arm, and its models as they are opened."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ovcf_bench.findings import Findings
from ovcf_bench.hooks.contracts import BuildContext, Fitted, Fuser, ModelPlugin, Params
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.images import Preprocessing, UsualImages
from ovcf_bench.plan import build_context, training_of
from ovcf_bench.records import Recalibration
from ovcf_bench.scores import Doubles
from ovcf_bench.study import Study
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.vocabulary import Arm


@dataclass(frozen=True, slots=True)
class Bundle:
    """One trained arm. units : folders of its finished units; threshold : frozen, on the scale of the ensemble.

    members : of an arm that combines others, those, one for each of its views.
    """

    study: Study
    plugins: Registry
    arm: Arm
    units: tuple[Path, ...]
    threshold: float | None
    recalibration: Recalibration | None
    usual: Mapping[str, UsualImages]
    findings: Findings | None
    members: tuple[Bundle, ...] = ()

    @property
    def unlimited(self) -> tuple[str, ...]:
        """Views of which no image is refused: there were too few development patients to tell what is usual."""
        return tuple(view for view in self.arm.views if view not in self.usual)

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
    def preprocessing(self) -> Preprocessing:
        """How images are brought to the size of the networks."""
        height, width = self.training.image_size
        return Preprocessing(height, width, self.training.fit)

    @property
    def context(self) -> BuildContext:
        """What a network of this arm must fit; it loads its own weights afterwards."""
        return build_context(self.study, self.arm, pretrained=False)

    def load(self, unit: Path, device: str) -> Fitted:
        """Return the model of one unit."""
        from ovcf_bench.training.unit import load_model

        return load_model(self.plugin, self.params, unit, self.context, self.training, device)


# Images (n, n_views, H, W) uint16 to logits (n,); of a rule logits (n, n_views) to logits (n,).
Scores = Callable[[np.ndarray[Any, Any]], Doubles]


def open_models(bundle: Bundle, device: str, threads: int) -> list[Scores]:
    """Return what every unit of the arm makes of images. Raises BenchError when there is no such device."""
    from ovcf_bench.training.device import prepare_process

    if bundle.members:
        of_views = [open_models(member, device, threads) for member in bundle.members]
        together = zip(open_rules(bundle), *of_views, strict=True)
        return [functools.partial(_join, rule, models) for rule, *models in together]
    place = str(prepare_process(threads, device))
    return [functools.partial(_score, bundle.plugin, bundle.load(unit, place)) for unit in bundle.units]


def open_rules(bundle: Bundle) -> list[Scores]:
    """Return the rule of every unit of a combined arm."""
    from ovcf_bench.training.unit import load_saved

    rules = [load_saved(bundle.plugin, bundle.params, unit, bundle.context) for unit in bundle.units]
    return [functools.partial(_score, bundle.plugin, rule) for rule in rules]


def _score(plugin: ModelPlugin, fitted: Fitted | Fuser, given: np.ndarray[Any, Any]) -> Doubles:
    from ovcf_bench.training.unit import scores_of

    return scores_of(plugin, fitted, given, len(given))[:, 0].astype(np.float64)


def _join(rule: Scores, models: Sequence[Scores], pixels: np.ndarray[Any, Any]) -> Doubles:
    return rule(np.column_stack([model(pixels[:, [place]]) for place, model in enumerate(models)]))
