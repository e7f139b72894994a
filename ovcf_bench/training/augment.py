"""Random changes of a batch of training images, different for every image."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from ovcf_bench.study.schema import AugmentationSection, RandAugmentSection


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
    flip = torch.where(torch.rand(n, generator=generator) < plan.flip, -1.0, 1.0)
    vertical = torch.where(torch.rand(n, generator=generator) < plan.vertical_flip, -1.0, 1.0)
    matrix = torch.zeros(n, 2, 3)
    # affine_grid works in units of half the image: the aspect keeps a rotation a rotation.
    matrix[:, 0, 0] = torch.cos(angle) * size * flip
    matrix[:, 0, 1] = -torch.sin(angle) * size * height / width * vertical
    matrix[:, 1, 0] = torch.sin(angle) * size * width / height * flip
    matrix[:, 1, 1] = torch.cos(angle) * size * vertical
    matrix[:, 0, 2] = 2 * uniform(n, plan.shift, generator)
    matrix[:, 1, 2] = 2 * uniform(n, plan.shift, generator)
    grid = functional.affine_grid(matrix.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False, padding_mode="border")


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
        from torchvision.transforms import v2

        self._change = v2.RandAugment(settings.operations, settings.magnitude)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return changed images; images : (b, n_views, H, W) in [0, 1]. Draws from torch's global generator."""
        views = [[self._change(view[None]) for view in exam] for exam in images]
        return torch.stack([torch.cat(exam) for exam in views]).clamp_(0, 1)
