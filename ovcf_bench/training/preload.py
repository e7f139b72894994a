"""Imported once by the server from which unit processes are forked: what every unit needs."""

import pandas as pd

from ovcf_bench.torchvision_compat import ensure_torchvision

ensure_torchvision()

import timm  # noqa: E402  after torchvision has been made importable

from ovcf_bench.training import loop, measure, unit  # noqa: E402

__all__ = ["loop", "measure", "pd", "timm", "unit"]
