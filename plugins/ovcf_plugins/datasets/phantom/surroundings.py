"""What lies around the spine: trunk and lungs, psoas, ribs, pelvis and bowel gas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovcf_plugins.datasets.phantom.anatomy import LEVELS, Array, Spine
from ovcf_plugins.datasets.phantom.presets import View
from ovcf_plugins.datasets.phantom.projection import CORTEX_PER_MM, SOFT_TISSUE_PER_MM, Canvas, F

L2, L3, L5 = (LEVELS.index(name) for name in ("L2", "L3", "L5"))
SIDES = (-1, 1)
N_RIBS = 3  # T10 to T12

TRUNK_CENTRE_MM = 38.0  # lateral: the spine lies behind the middle of the trunk
LUNG_SHARE, LUNG_EDGE_MM, DIAPHRAGM_MM = 0.26, 5.0, -45.0
DOME_PER_MM = 0.0035  # the diaphragm falls off with the square of the distance from its dome
RIB_RADIUS_MM, RIB_HOLLOW = 5.5, 0.75
AP_RIB_ENDS_MM, LATERAL_RIB_ENDS_MM = (150, 140, 75), (120, 85, 30)  # floating ribs are short
GAS_FIELD_MM2 = 6.0e4
GAS_RADIUS_MM, GAS_DEPTH_MM = (5, 19), (6, 24)
GAS_TOP_MM, GAS_FRONT_MM = -25.0, 35.0


@dataclass(frozen=True, slots=True)
class _Bone:
    """A part of the pelvis as an ellipsoid, mm from the lower end of L5 and radians; paired parts are mirrored."""

    across: float
    below: float
    half_u: float
    half_z: float
    thickness: float  # of bone, at the centre
    angle: float = 0.0
    hollow: float = 0.0
    paired: bool = False


_PELVIS: dict[View, tuple[_Bone, ...]] = {
    "ap": (
        _Bone(across=34, below=22, half_u=30, half_z=18, thickness=6, angle=0.45, hollow=0.3, paired=True),  # ala
        _Bone(across=0, below=34, half_u=27, half_z=40, thickness=9, hollow=0.4),  # sacral bodies
        _Bone(across=0, below=78, half_u=13, half_z=26, thickness=5, hollow=0.3),  # coccyx
        _Bone(across=88, below=34, half_u=38, half_z=58, thickness=8, angle=-0.5, hollow=0.8, paired=True),  # wing
        _Bone(across=70, below=92, half_u=22, half_z=40, thickness=8, angle=0.35, hollow=0.6, paired=True),  # hip
    ),
    "lateral": (
        _Bone(across=-14, below=22, half_u=17, half_z=24, thickness=16, angle=0.75, hollow=0.35),  # upper sacrum
        _Bone(across=-38, below=52, half_u=13, half_z=30, thickness=14, angle=0.35, hollow=0.35),  # lower sacrum
        _Bone(across=4, below=36, half_u=50, half_z=38, thickness=5, angle=0.5, hollow=0.8),  # both iliac wings
        _Bone(across=16, below=92, half_u=26, half_z=36, thickness=9, angle=-0.2, hollow=0.5),  # both hips
    ),
}


def add_surroundings(canvas: Canvas, spine: Spine, view: View) -> None:
    """Add trunk, ribs and pelvis to the canvas."""
    canvas.integrals += _trunk(canvas, spine, view)
    for rib in range(N_RIBS):
        for side in SIDES:
            if view == "ap":
                _add_rib_ap(canvas, spine, rib, side)
            else:
                _add_rib_lateral(canvas, spine, rib, side)
    if view == "ap":
        _add_psoas(canvas, spine)
    _add_pelvis(canvas, spine, view)


def _trunk(canvas: Canvas, spine: Spine, view: View) -> Array:
    """Return the line integrals of an elliptic trunk with air above the diaphragm."""
    half_axes = (spine.trunk_half_width, spine.trunk_half_depth)
    if view == "ap":
        across, along, centre = *half_axes, 0.0
    else:
        along, across, centre = *half_axes, TRUNK_CENTRE_MM
    outside = np.abs((canvas.u - F(centre)) * F(1 / across)) ** 3
    tissue = F(2 * along * SOFT_TISSUE_PER_MM) * np.maximum(1 - outside, F(0.02)) ** F(0.4)
    share, diaphragm = _lungs(canvas.u, view)
    diaphragm += F(DIAPHRAGM_MM + spine.offset_mm[1])
    # The logistic's exponential is a product: one for the rows, one for the columns.
    below = np.outer(np.exp(canvas.z * F(1 / LUNG_EDGE_MM)), np.exp(diaphragm * F(-1 / LUNG_EDGE_MM)))
    below += 1
    trunk: Array = tissue - np.divide(tissue * share, below, out=below)
    return trunk


def _lungs(u: Array, view: View) -> tuple[Array, Array]:
    """Return the share of air in a column's lungs, and how far below its dome, mm, the diaphragm lies there."""
    if view == "ap":
        mediastinum = np.clip((np.abs(u) - 5) * F(1 / 45), F(0.3), 1)
        return F(LUNG_SHARE) * mediastinum, F(DOME_PER_MM) * (np.abs(u) - 70) ** 2
    behind_spine = np.clip((u + 55) * F(1 / 20), 0, 1)
    return F(LUNG_SHARE * 0.8) * behind_spine, F(DOME_PER_MM) * (u - 45) ** 2


def _add_rib_ap(canvas: Canvas, spine: Spine, rib: int, side: int) -> None:
    start, end = 18 * spine.size + 4 * rib, AP_RIB_ENDS_MM[rib]
    outward = np.maximum(side * canvas.u - F(start), 0)
    bend = 0.0028 if rib < 2 else 0.00084
    axis = F(_rib_head(spine, rib)) + F(0.42 + 0.08 * rib) * outward + F(bend) * outward**2
    low, high = (start, end) if side > 0 else (-end, -start)
    canvas.add_tube(axis, low, high, RIB_RADIUS_MM, 5.5 * CORTEX_PER_MM, RIB_HOLLOW)


def _add_rib_lateral(canvas: Canvas, spine: Spine, rib: int, side: int) -> None:
    forward = np.maximum(canvas.u + 38, 0)
    slope = (0.62 if side > 0 else 0.5) + 0.1 * rib
    head = _rib_head(spine, rib) + side * (5 + 40 * spine.rotation)
    axis = F(head) + F(slope) * forward + F(0.0022) * forward**2
    canvas.add_tube(axis, -38, LATERAL_RIB_ENDS_MM[rib], RIB_RADIUS_MM, 3.6 * CORTEX_PER_MM, RIB_HOLLOW)


def _rib_head(spine: Spine, rib: int) -> float:
    return float(spine.z[rib]) - 4 * spine.size


def _add_psoas(canvas: Canvas, spine: Spine) -> None:
    for side in SIDES:
        centre = (side * 48 * spine.size + spine.x[L2], spine.z[L3] + 15)
        canvas.add_large_ellipsoid(*centre, 26 * spine.size, 95 * spine.size, 0.10, side * -0.16)


def _add_pelvis(canvas: Canvas, spine: Spine, view: View) -> None:
    bottom = float(spine.z[L5] + spine.healthy_height[L5] / 2)
    for bone in _PELVIS[view]:
        for side in SIDES if bone.paired else (1,):
            canvas.add_large_ellipsoid(
                side * bone.across * spine.size + (spine.y[L5] if view == "lateral" else 0.0),
                bottom + bone.below * spine.size,
                bone.half_u * spine.size,
                bone.half_z * spine.size,
                bone.thickness * CORTEX_PER_MM,
                side * bone.angle,
                bone.hollow,
            )


def add_bowel_gas(canvas: Canvas, rng: np.random.Generator, view: View, bubbles: float) -> None:
    """Add a Poisson number of gas bubbles below the diaphragm, `bubbles` per 600 cm2 on average."""
    left, right, bottom = float(canvas.u[0]), float(canvas.u[-1]), float(canvas.z[-1])
    top = float(canvas.z[0]) if canvas.film.coned else -20.0
    n = rng.poisson(bubbles * (bottom - max(top, -20.0)) * (right - left) / GAS_FIELD_MM2)
    if n == 0:
        return
    u = rng.uniform(left, right, n) if view == "ap" else rng.uniform(GAS_FRONT_MM, max(60.0, right), n)
    z = rng.uniform(max(top, GAS_TOP_MM), bottom, n)
    half_u, half_z = rng.uniform(*GAS_RADIUS_MM, n), rng.uniform(*GAS_RADIUS_MM, n)
    depth = rng.uniform(*GAS_DEPTH_MM, n)
    canvas.add_small_ellipsoids(u, z, half_u, half_z, -SOFT_TISSUE_PER_MM * depth, rng.uniform(0.1, 3, n))
