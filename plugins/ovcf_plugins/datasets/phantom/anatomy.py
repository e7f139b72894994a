"""The geometry of one thoracolumbar spine, T10 to L5.

Lengths in mm, angles in radians, attenuation per mm. Axes: x patient right to left, y posterior to anterior,
z cranial to caudal, from the centre of L1. Arrays hold eight values, T10 first.
Source: rounded means that follow Panjabi 1992 (thoracic, lumbar) and Zhou 2000 (lumbar).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

LEVELS = ("T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")
N_LEVELS = len(LEVELS)
ORIGIN = LEVELS.index("L1")
CONED = slice(LEVELS.index("T11"), LEVELS.index("L3") + 1)

WIDTH_MM = np.array([33, 36, 39, 41, 42.5, 44, 46.5, 50])
DEPTH_MM = np.array([28, 29, 29.5, 30.5, 31.5, 32, 33, 34])
POSTERIOR_HEIGHT_MM = np.array([22.5, 23.5, 25, 26.5, 27, 27, 26.5, 26])
ANTERIOR_TO_POSTERIOR = np.array([0.97, 0.96, 0.95, 0.96, 1.00, 1.02, 1.04, 1.10])
MIDDLE_TO_POSTERIOR = 0.96
DISC_BELOW_MM = np.array([4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 10])
SAGITTAL_TILT = np.deg2rad([-9, -9, -8, -6, -4, 1, 10, 22])  # slope dz/dy of a body: kyphosis, then lordosis
MARROW_PER_MM = 0.030 / 2.2  # trabecular bone and marrow in excess of water, at a T-score of about -1
BOW_MM = 230.0  # half a wavelength of the coronal curve


@dataclass(frozen=True, slots=True)
class HeightFactors:
    """What multiplies the healthy heights: normal variation, and the deformity of fractured levels."""

    anterior: Array
    middle: Array
    posterior: Array


@dataclass(frozen=True, slots=True)
class Spine:
    """Eight vertebral bodies and where they stand, with the trunk around them."""

    size: float  # 1 for the mean of both sexes
    half_width: Array
    half_depth: Array
    healthy_height: Array  # posterior, before any deformity
    posterior_height: Array
    middle_height: Array
    anterior_height: Array
    sagittal_tilt: Array
    coronal_tilt: Array
    x: Array
    y: Array
    z: Array
    marrow_per_mm: Array  # attenuation in excess of water
    rotation: float  # about the long axis
    offset_mm: tuple[float, float]  # of the film from the spine: across, along
    trunk_half_width: float
    trunk_half_depth: float


def build_spine(
    rng: np.random.Generator, size: float, t_score: float, factors: HeightFactors, tilt_sd_deg: float, impaction: float
) -> Spine:
    """Return a spine of bodies with the given height factors, stacked from T10 to L5."""
    variation = rng.normal(1, 0.02, (N_LEVELS, 3))
    healthy = POSTERIOR_HEIGHT_MM * size * variation[:, 2]
    half_width = WIDTH_MM / 2 * size * variation[:, 0]
    half_depth = DEPTH_MM / 2 * size * variation[:, 1]
    posterior = healthy * factors.posterior
    anterior = healthy * ANTERIOR_TO_POSTERIOR * factors.anterior
    # An endplate is never convex, however much the rims have sunk.
    middle = np.minimum(healthy * MIDDLE_TO_POSTERIOR * factors.middle, (posterior + anterior) / 2)
    discs = DISC_BELOW_MM * size * rng.uniform(0.7, 1.05, N_LEVELS)
    tilt = _sagittal_tilt(rng, posterior, anterior, half_depth, tilt_sd_deg)
    y, z = _stack((posterior + anterior) / 2, discs, tilt)
    x, coronal = _coronal_curve(rng, z)
    return Spine(
        size=size,
        half_width=half_width,
        half_depth=half_depth,
        healthy_height=healthy,
        posterior_height=posterior,
        middle_height=middle,
        anterior_height=anterior,
        sagittal_tilt=tilt,
        coronal_tilt=coronal,
        x=x,
        y=y,
        z=z,
        marrow_per_mm=_marrow(t_score, healthy / ((anterior + middle + posterior) / 3), impaction),
        rotation=rng.normal(0, 0.10),
        offset_mm=tuple(rng.normal(0, 4, 2)),
        trunk_half_width=rng.normal(158, 12) * size,
        trunk_half_depth=rng.normal(110, 10) * size,
    )


def _sagittal_tilt(
    rng: np.random.Generator, posterior: Array, anterior: Array, half_depth: Array, tilt_sd_deg: float
) -> Array:
    posture = rng.normal(1, 0.2)
    whole = np.deg2rad(rng.normal(0, 3))
    single = 0.7 * np.deg2rad(rng.normal(0, tilt_sd_deg, N_LEVELS))
    wedge = 0.5 * np.arctan((posterior - anterior / ANTERIOR_TO_POSTERIOR) / (2 * half_depth))
    above = np.cumsum(wedge) - wedge
    below = wedge.sum() - above - wedge
    # A wedge bends the spine forward: half of its angle goes to the levels above, half to those below.
    tilt: Array = SAGITTAL_TILT * posture + whole + single + 0.5 * (below - above)
    return tilt


def _stack(heights: Array, discs: Array, tilt: Array) -> tuple[Array, Array]:
    step = (heights[:-1] + heights[1:]) / 2 + discs[:-1]
    between = (tilt[1:] + tilt[:-1]) / 2
    z = np.concatenate([[0.0], np.cumsum(step * np.cos(between))])
    y = np.concatenate([[0.0], np.cumsum(-step * np.sin(between))])
    return y - y[CONED].mean(), z - z[ORIGIN]


def _coronal_curve(rng: np.random.Generator, z: Array) -> tuple[Array, Array]:
    bow = rng.normal(0, 6)
    phase = (z / BOW_MM + rng.uniform(0, 0.6)) * np.pi
    slope = np.arctan(bow * np.pi / BOW_MM * np.cos(phase))
    return bow * np.sin(phase), slope + np.deg2rad(rng.normal(0, 1.0, N_LEVELS))


def _marrow(t_score: float, compression: Array, impaction: float) -> Array:
    density = np.clip(1.15 + 0.13 * t_score, 0.5, 1.4)
    impacted: Array = 1 + impaction * (np.clip(compression, 1, 1.8) - 1)
    impacted *= MARROW_PER_MM * density
    return impacted
