"""Random changes of a batch of training images, different for every image."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ovcf_bench.study.schema import AugmentationSection, RandAugmentSection
from ovcf_bench.torchvision_compat import ensure_torchvision


def uniform(n: int, amplitude: float, generator: torch.Generator) -> torch.Tensor:
    """Return (n,) numbers, uniform in +- amplitude."""
    return (torch.rand(n, generator=generator) * 2 - 1) * amplitude


def move(images: torch.Tensor, plan: AugmentationSection, generator: torch.Generator) -> torch.Tensor:
    """Return images flipped, rotated, scaled and shifted by one resampling; the border is repeated outwards.

    images : (b, n_views, H, W). The views of one exam move together.
    """
    amounts = (plan.flip, plan.vertical_flip, plan.rotation, plan.shift, plan.scale)
    if not any(amounts):
        return images
    n, _, height, width = images.shape
    angle = uniform(n, math.radians(plan.rotation), generator)
    size = 1 + uniform(n, plan.scale, generator)
    # Drawn on the CPU whatever the device, so that CUDA and CPU train on the same images.
    flip = torch.where(torch.rand(n, generator=generator) < plan.flip, -1.0, 1.0)
    vertical = torch.where(torch.rand(n, generator=generator) < plan.vertical_flip, -1.0, 1.0)
    down, across = 2 * uniform(n, plan.shift, generator), 2 * uniform(n, plan.shift, generator)
    # Coordinates run from -1 to 1 over height and over width: the aspect keeps a rotation a rotation.
    cosine, sine, aspect = torch.cos(angle) * size, torch.sin(angle) * size, height / width
    to_x = torch.stack((cosine * flip, -sine * aspect * vertical, across))
    to_y = torch.stack((sine / aspect * flip, cosine * vertical, down))
    grid = torch.stack([_sampled_at(row.to(images.device), height, width) for row in (to_x, to_y)], dim=3)
    # The border goes on, as tissue does: a black corner would tell a network how far an image was turned.
    return functional.grid_sample(images, grid, align_corners=False, padding_mode="border")


def _sampled_at(coefficients: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return (n, H, W) coordinates a x + b y + c; several times as fast as torch's affine_grid on a CPU."""
    a, b, c = coefficients[:, :, None, None]
    x = (torch.arange(width, device=coefficients.device) * 2 + 1) / width - 1
    y = (torch.arange(height, device=coefficients.device) * 2 + 1) / height - 1
    sampled: torch.Tensor = a * x + (b * y[:, None] + c)
    return sampled


def jitter(images: torch.Tensor, plan: AugmentationSection, generator: torch.Generator) -> torch.Tensor:
    """Return normalised images with contrast multiplied and brightness added."""
    if not (plan.contrast or plan.brightness):
        return images
    n = len(images)
    contrast = 1 + uniform(n, plan.contrast, generator)
    brightness = uniform(n, plan.brightness, generator)
    shape = (n, 1, 1, 1)
    return images * contrast.view(shape).to(images.device) + brightness.view(shape).to(images.device)


class RandAugment:
    """RandAugment (Cubuk 2020, as torchvision implements it) for every image of a batch by itself."""

    def __init__(self, settings: RandAugmentSection) -> None:
        ensure_torchvision()
        from torchvision.transforms import v2

        self._change = v2.RandAugment(settings.operations, settings.magnitude)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return changed images; images : (b, n_views, H, W) in [0, 1]. Draws from torch's global generator."""
        # torchvision draws once for a whole batch: every image alike would be no augmentation at all.
        views = [[self._change(view[None]) for view in exam] for exam in images]
        return torch.stack([torch.cat(exam) for exam in views]).clamp_(0, 1)
