"""Imported once by the server from which unit processes are forked: what every unit needs."""

import pandas as pd

from ovcf_bench.torchvision_compat import ensure_torchvision

ensure_torchvision()

import timm  # noqa: E402  after torchvision has been made importable

from ovcf_bench.training import device, loop, unit  # noqa: E402

__all__ = ["device", "loop", "pd", "timm", "unit"]
