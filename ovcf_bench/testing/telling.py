"""Whether scores are logits that tell two classes apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ovcf_bench.testing.checks import ContractError

LOWEST_AUROC = 0.9
_NO_SIGMOID = "Return logits, not probabilities: leave the sigmoid out, or give log(p / (1 - p))."


def telling(scores: np.ndarray[Any, Any], positive: np.ndarray[Any, Any], tried_on: str, fix: str) -> str:
    """Return the AUROC of scores (n,). Raises ContractError for probabilities, and for scores that tell too little.

    positive : (n,) bool; tried_on : what was learnt and scored, in words; fix : what may be wrong where too little is
    told.
    """
    mine, others = scores[positive], scores[~positive]
    auroc = float(np.mean((mine[:, None] > others) + 0.5 * (mine[:, None] == others)))
    low, high = float(scores.min()), float(scores.max())
    if low >= 0 and high <= 1 and low < high:  # scores that are all the same tell of something else
        raise ContractError(f"all scores lie between 0 and 1 (AUROC {auroc:.2f})", _NO_SIGMOID)
    if auroc < LOWEST_AUROC:
        turned = " Higher scores must mean label 1." if auroc < 1 - LOWEST_AUROC else ""
        raise ContractError(f"AUROC {auroc:.2f} {tried_on}", f"{fix}{turned}")
    return f"AUROC {auroc:.2f}"
