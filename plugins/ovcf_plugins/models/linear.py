"""Linear classifiers of scikit-learn on features, kept as plain numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ovcf_bench.api import Problem, UnitError

if TYPE_CHECKING:
    import numpy as np

Estimator = Literal["logistic_regression", "linear_discriminant", "ridge"]


@dataclass(frozen=True, slots=True)
class LinearScore:
    """weights (k,) and bias of features (n, k)."""

    weights: np.ndarray[Any, Any]
    bias: float

    def scores(self, features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return logits (n, 1) float32."""
        import numpy as np

        # One row at a time: a matrix product may round differently when other rows stand beside it.
        made = [float(np.dot(row, self.weights)) + self.bias for row in features.astype(np.float64)]
        return np.asarray(made, dtype=np.float32)[:, None]

    def save(self, path: Path) -> None:
        """Write weights and bias as JSON, in full precision."""
        path.write_text(json.dumps({"weights": self.weights.tolist(), "bias": self.bias}), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> LinearScore:
        """Return what `save` wrote."""
        import numpy as np

        said = json.loads(path.read_text("utf-8"))
        return cls(np.asarray(said["weights"], dtype=np.float64), float(said["bias"]))


def fit_linear(
    estimator: Estimator, features: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], penalty: float
) -> LinearScore:
    """Return the classifier of standardised features (n, k) by labels (n,). Raises UnitError for one class."""
    import numpy as np

    if len(np.unique(labels)) < 2:
        raise UnitError(Problem("training", "all labels are alike", "Use fewer folds or more patients."))
    mean = features.mean(axis=0, dtype=np.float64)
    sd = features.std(axis=0, dtype=np.float64)
    sd[sd < 1e-8] = 1.0  # a feature that never changes tells nothing
    scaled = (features - mean) / sd
    fitted = _made(estimator, penalty).fit(scaled, labels)
    weights = np.ravel(fitted.coef_).astype(np.float64) / sd
    return LinearScore(weights, float(np.ravel(fitted.intercept_)[0] - np.dot(weights, mean)))


def _made(estimator: Estimator, penalty: float) -> Any:
    if estimator == "linear_discriminant":
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    from sklearn import linear_model

    if estimator == "ridge":
        return linear_model.RidgeClassifier(alpha=penalty)
    return linear_model.LogisticRegression(C=1 / penalty, max_iter=2000)
