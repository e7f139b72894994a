"""The vertebral bodies: superelliptic cylinders with a waist, quadratic endplates and a cortex of 1 mm.

In the lateral view the ray runs across the body, and its chord has a closed form. In AP the ray runs from the
posterior to the anterior rim, where a wedge only blurs the endplates: quadrature finds how much of it is inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.phantom.anatomy import Array, Spine
from ovcf_plugins.datasets.phantom.presets import View
from ovcf_plugins.datasets.phantom.projection import (
    CORTEX_PER_MM,
    SOURCE_TO_IMAGE_MM,
    Canvas,
    F,
    Patches,
    stacked,
    turned,
)

EXPONENT = 2.6  # of the superellipse
CORTEX_MM = 1.0
WAIST = 0.10  # share of the width that is missing at mid-height
UPPER_SHARE, LOWER_SHARE = 0.6, 0.4  # how the depth of the cups is shared between the endplates
CUP_EDGE = 0.4  # share of an AP cup's depth that is gone at the rim
EDGE_PIXELS = 0.8  # distance over which the share of a pixel inside goes from 0 to 1
LATERAL_SMEAR = 1.4  # half widths that a slope along the lateral ray smears an endplate over
RAY_POINTS = 8
_POINTS = (((np.arange(RAY_POINTS) + 0.5) / RAY_POINTS) * 2 - 1).astype(F)  # -1 posterior, 1 anterior rim


@dataclass(frozen=True, slots=True)
class _Bodies:
    """Bodies as a view sees them, (n, 1, 1) float32: mm, radians, slopes in mm per mm."""

    half_across: Array  # on the film
    half_along: Array  # along the ray
    height: Array  # mean of posterior and anterior rim
    lean: Array  # half of what the anterior rim is higher than the posterior one
    dip: Array  # depth of both cups together
    angle: Array  # in the plane of the film
    slope: Array  # of the mid-plane along the ray, the beam's divergence included
    marrow_per_mm: Array

    def reach(self) -> tuple[float, float]:
        """Return how far from their centres the bodies can be seen, across and along the film, mm."""
        sine, cosine = np.abs(np.sin(self.angle)), np.cos(self.angle)
        half_height = self.height / 2 + np.abs(self.lean)
        across = cosine * self.half_across + sine * half_height
        along = sine * self.half_across + cosine * half_height + np.abs(self.slope) * self.half_along
        return float(across.max()) + 2, float(along.max()) + 2


@dataclass(frozen=True, slots=True)
class _Outlines:
    """The pixels (n, h, w) of bodies in their own frames."""

    beside: Array  # mm from the axis
    below: Array  # mm from the mid-plane
    radius: Array  # 1 at the rim
    half_chord: Array  # mm


def add_bodies(canvas: Canvas, spine: Spine, levels: npt.NDArray[np.intp], view: View, pose: float) -> None:
    """Add the bodies of `levels`; `pose` tilts the whole spine against an AP beam, radians."""
    bodies = _seen(spine, levels, view, pose)
    across = spine.x if view == "ap" else spine.y
    patches = canvas.patches(across[levels], spine.z[levels], *bodies.reach())
    outlines = _outlines(bodies, patches)
    inside = _inside_ap if view == "ap" else _inside_lateral
    whole, core = inside(bodies, outlines, canvas.pixel)
    canvas.stamp(patches, _integrals(bodies, outlines, whole, core))


def _seen(spine: Spine, levels: npt.NDArray[np.intp], view: View, pose: float) -> _Bodies:
    ap = view == "ap"
    half_width, half_depth = spine.half_width[levels], spine.half_depth[levels]
    sagittal, coronal = spine.sagittal_tilt[levels], spine.coronal_tilt[levels]
    posterior, anterior = spine.posterior_height[levels], spine.anterior_height[levels]
    divergence = spine.z[levels] / SOURCE_TO_IMAGE_MM
    height = (posterior + anterior) / 2
    return _Bodies(
        half_across=stacked(half_width if ap else half_depth),
        half_along=stacked(half_depth if ap else half_width),
        height=stacked(height),
        lean=stacked((anterior - posterior) / 2),
        dip=stacked(height - spine.middle_height[levels]),
        angle=stacked(coronal if ap else sagittal),
        slope=stacked(np.tan(sagittal + pose) + divergence if ap else np.tan(coronal) + divergence / 2),
        marrow_per_mm=stacked(spine.marrow_per_mm[levels]),
    )


def _outlines(bodies: _Bodies, patches: Patches) -> _Outlines:
    beside, below = turned(patches.u, patches.z, bodies.angle)
    narrowed = 1 - F(WAIST) * np.maximum(1 - (below * (2 / bodies.height)) ** 2, 0)
    radius = np.abs(beside) / (bodies.half_across * narrowed)
    # exp and log are several times faster than ** with a broken exponent.
    missing = np.exp(F(EXPONENT) * np.log(np.clip(radius, F(1e-6), 1)))
    half_chord = np.exp(F(1 / EXPONENT) * np.log(np.maximum(1 - missing, F(1e-12))))
    half_chord *= bodies.half_along * (radius < 1)
    return _Outlines(beside, below, radius, half_chord)


def _integrals(bodies: _Bodies, outlines: _Outlines, whole: Array, core: Array) -> Array:
    """Return the line integrals (n, h, w), given the shares of each ray inside the body and inside its cortex."""
    marrow = np.maximum(outlines.half_chord - F(CORTEX_MM), 0) * core
    marrow *= outlines.radius <= 1 - F(CORTEX_MM) / bodies.half_across
    bone = outlines.half_chord * whole
    bone -= marrow
    bone *= F(2 * CORTEX_PER_MM)
    marrow *= 2 * bodies.marrow_per_mm
    bone += marrow
    return bone


def _inside_lateral(bodies: _Bodies, outlines: _Outlines, pixel: float) -> tuple[Array, Array]:
    forward = np.clip(outlines.beside / bodies.half_across, -1, 1)
    cup = (1 - forward * forward) * bodies.dip
    upper = outlines.below + bodies.height / 2 + bodies.lean * forward - F(UPPER_SHARE) * cup
    lower = bodies.height / 2 - outlines.below - F(LOWER_SHARE) * cup
    edge = np.maximum(F(EDGE_PIXELS * pixel), F(LATERAL_SMEAR) * bodies.half_along * np.abs(bodies.slope))
    depth = np.minimum(upper, lower) / edge + F(0.5)
    return np.clip(depth, 0, 1), np.clip(depth - F(CORTEX_MM) / edge, 0, 1)


def _inside_ap(bodies: _Bodies, outlines: _Outlines, pixel: float) -> tuple[Array, Array]:
    along = outlines.half_chord / bodies.half_along
    cup = bodies.dip * (1 - F(CUP_EDGE) * np.minimum(outlines.radius, 1) ** 2)
    tilt = bodies.slope * bodies.half_along
    upper = _Endplates(outlines.below + bodies.height / 2, along, F(UPPER_SHARE) * cup, bodies.lean - tilt)
    lower = _Endplates(bodies.height / 2 - outlines.below, along, F(LOWER_SHARE) * cup, tilt)
    whole, core = upper.inside(pixel)
    whole_lower, core_lower = lower.inside(pixel)
    # A body is thicker than an edge, so the shares of a ray outside either endplate add up.
    whole += whole_lower - 1
    core += core_lower - 1
    return np.maximum(whole, 0, out=whole), np.maximum(core, 0, out=core)


@dataclass(frozen=True, slots=True)
class _Endplates:
    """The upper or the lower endplates in AP, as distances (n, h, w) in mm that grow towards the inside of a body.

    At y along the ray (-1 posterior, 1 anterior rim of the body) a pixel lies
    `distance + climb * y - cup * (1 - y**2)` inside; its ray runs from -along to along.
    """

    distance: Array
    along: Array
    cup: Array
    climb: Array  # (n, 1, 1)

    def inside(self, pixel: float) -> tuple[Array, Array]:
        """Return the shares (n, h, w) of each ray inside the endplate, and inside its cortex."""
        # Each point stands for a slab of the ray, whose tilt smears the edge: without this, bands appear.
        edge = np.maximum(F(EDGE_PIXELS * pixel), np.abs(self.climb) * F(2 / RAY_POINTS))
        reach = np.abs(self.climb) + self.cup + edge + F(CORTEX_MM)
        whole = (self.distance > 0).astype(F)
        core = whole.copy()
        near = np.flatnonzero((np.abs(self.distance) < reach) & (self.along > 0))
        whole.flat[near], core.flat[near] = self._averaged(near, edge)
        return whole, core

    def _averaged(self, near: npt.NDArray[np.intp], edge: Array) -> tuple[Array, Array]:
        """Return both shares for the pixels `near` (flat indices): means over the points of their rays."""
        per_edge = _at(1 / edge, self.cup.shape, near)
        along, cup = self.along.ravel()[near], self.cup.ravel()[near] * per_edge
        start = (self.distance.ravel()[near] * per_edge) - cup + F(0.5)
        rise = _at(self.climb, self.cup.shape, near) * along * per_edge
        bend = cup * along * along
        cortex = F(CORTEX_MM) * per_edge
        whole, core = np.zeros(len(near), F), np.zeros(len(near), F)
        for y in _POINTS:
            depth = start + y * (rise + y * bend)
            whole += np.clip(depth, 0, 1)
            core += np.clip(depth - cortex, 0, 1)
        return whole / F(RAY_POINTS), core / F(RAY_POINTS)


def _at(values: Array, shape: tuple[int, ...], pixels: npt.NDArray[np.intp]) -> Array:
    """Return the values (n, 1, 1) of the bodies that the pixels (flat indices into `shape`) belong to."""
    return values.ravel()[pixels // (shape[1] * shape[2])]
