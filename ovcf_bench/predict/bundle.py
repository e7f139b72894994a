"""Everything that a prediction needs of one trained arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ovcf_bench.findings import Findings
from ovcf_bench.hooks.contracts import BuildContext, Fitted, ModelPlugin, Params
from ovcf_bench.hooks.registry import Registry
from ovcf_bench.images import Preprocessing, UsualImages
from ovcf_bench.plan import training_of
from ovcf_bench.records import Recalibration
from ovcf_bench.study import Study
from ovcf_bench.study.schema import TrainingSection
from ovcf_bench.vocabulary import Arm, Ensemble

if TYPE_CHECKING:
    from ovcf_bench.training.scoring import TrainedNetwork


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

    def load_network(self, unit: Path) -> TrainedNetwork:
        """Return the network of one unit, on the CPU; only for a plugin that builds one."""
        found = self.load(unit, "cpu")
        assert self.plugin.build is not None, "the core trained it"
        return cast("TrainedNetwork", found)
