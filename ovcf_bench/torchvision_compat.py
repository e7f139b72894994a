"""Make torchvision importable beside a torch build of another kind (CPU torch, CUDA torchvision).

torchvision's compiled operators cannot load then, and its import fails with "operator torchvision::nms does not
exist": two schemas, nms and qnms, are registered unguarded at import. With the two defined, the parts written in
Python (transforms, models) work; the operators themselves stay unavailable and say so when called. On a healthy
installation nothing is done. Expires when torchvision guards these registrations.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_kept: list[Any] = []  # a torch Library un-registers its schemas when it is collected


def ensure_torchvision() -> None:
    """Import torchvision in this process, defining the missing schemas if need be. Run before timm is imported."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [name for name in sys.modules.copy() if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        _define_missing_schemas()
        importlib.import_module("torchvision")


def _define_missing_schemas() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    _kept.append(library)
    for name, schema in _SCHEMAS.items():
        try:
            torch._C._dispatch_has_kernel_for_dispatch_key(f"torchvision::{name}", "CPU")
        except RuntimeError:  # the schema is unknown
            library.define(schema)  # type: ignore[no-untyped-call]
