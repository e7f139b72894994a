"""One score from those of several views: their mean, either, both, or a weighting learned out of fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ovcf_bench.api import BuildContext, Fuser, ModelPlugin, Params, Problem, UnitError, hookimpl
from ovcf_plugins.models.linear import fit_linear

if TYPE_CHECKING:
    import numpy as np

_FILE = "rule.json"


class LateFusionParams(Params):
    """Parameters of the `late_fusion` model."""

    of: str = Field(description="The model of this study whose arms, one for each view, are combined.")
    rule: Literal["mean", "or", "and", "learned"] = Field(
        default="mean",
        description="mean of the logits; or, and: the highest or lowest logit, each view measured from its own Youden "
        "threshold; learned: a logistic regression. Thresholds and weights come from out-of-fold scores.",
    )


class Rule:
    """How far each view lies from its offset, weighted; then sum, highest or lowest. Arrays are (n_views,)."""

    def __init__(self, how: str, weights: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any], bias: float) -> None:
        self.how, self.weights, self.offsets, self.bias = how, weights, offsets, bias

    def scores(self, logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return logits (n, 1) float32 of `logits` (n, n_views)."""
        import numpy as np

        moved = self.weights * (logits - self.offsets)
        if self.how == "sum":
            combined = moved.sum(axis=1)
        else:
            combined = moved.max(axis=1) if self.how == "highest" else moved.min(axis=1)
        return np.asarray(combined + self.bias, dtype=np.float32)[:, None]

    def save(self, folder: Path) -> None:
        """Write the rule as JSON."""
        said = {
            "how": self.how,
            "weights": self.weights.tolist(),
            "offsets": self.offsets.tolist(),
            "bias": self.bias,
        }
        (folder / _FILE).write_text(json.dumps(said), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Rule:
        """Return what `save` wrote."""
        import numpy as np

        said = json.loads(path.read_text("utf-8"))
        return cls(said["how"], np.array(said["weights"]), np.array(said["offsets"]), float(said["bias"]))


def fuse(params: LateFusionParams, logits: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> Fuser:
    """Return the rule; `logits` (n, n_views) are out of fold, `labels` (n,) 0 or 1.

    Raises UnitError for a rule that must learn from labels of one class.
    """
    import numpy as np

    if params.rule != "mean" and len(np.unique(labels)) < 2:
        raise UnitError(Problem("training", "all labels are alike", "Use fewer folds or more patients."))
    n_views = logits.shape[1]
    nothing, one = np.zeros(n_views), np.ones(n_views)
    if params.rule == "mean":
        return Rule("sum", one / n_views, nothing, 0.0)
    if params.rule == "learned":
        found = fit_linear("logistic_regression", logits, labels, penalty=1.0)
        return Rule("sum", found.weights, nothing, found.bias)
    thresholds = np.array([youden(logits[:, view], labels) for view in range(n_views)])
    return Rule("highest" if params.rule == "or" else "lowest", one, thresholds, 0.0)


def youden(scores: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    """Return the threshold with the highest sensitivity + specificity (the lowest of equals): positive is >= it."""
    import numpy as np

    values = np.unique(scores)
    positive, negative = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    sensitivity = 1 - np.searchsorted(positive, values) / len(positive)
    specificity = np.searchsorted(negative, values) / len(negative)
    return float(values[np.argmax(sensitivity + specificity)])


def load(params: LateFusionParams, folder: Path, context: BuildContext) -> Fuser:
    """Return what `save` wrote."""
    return Rule.load(folder / _FILE)


def fuses(params: LateFusionParams) -> str:
    """Return the model whose arms are combined."""
    return params.of


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `late_fusion`."""
    register(
        ModelPlugin(
            name="late_fusion",
            params=LateFusionParams,
            summary="Mean, either, both or a learned weighting of the scores of single views",
            fuse=fuse,
            load=load,
            fuses=fuses,
        )
    )
