"""The posterior elements of the vertebrae: pedicles, facets, laminae, transverse and spinous processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.phantom.anatomy import Array, Spine
from ovcf_plugins.datasets.phantom.presets import View
from ovcf_plugins.datasets.phantom.projection import CORTEX_PER_MM, Canvas


@dataclass(frozen=True, slots=True)
class _Part:
    """One element as an ellipsoid. `half_u`, `half_z` and `bone` (central thickness of bone) in mm, angle in radians.

    AP: `across` in half widths of the body, `behind` mm behind its centre (moved sideways by rotation).
    Lateral: `across` unused, `behind` mm behind the posterior wall. `below` in body heights, in both.
    """

    below: float
    behind: float
    half_u: float
    half_z: float
    bone: float
    hollow: float = 0.0
    angle: float = 0.0
    across: float = 0.0


_AP_PAIRED = (
    _Part(across=0.62, behind=20, below=-0.12, half_u=4.2, half_z=6.5, bone=11, hollow=0.5),  # pedicle
    _Part(across=0.66, behind=26, below=0.52, half_u=5.5, half_z=10, bone=8, hollow=0.3),  # facet joint
    _Part(across=0.30, behind=28, below=0.22, half_u=7, half_z=6, bone=5),  # lamina
)
_AP_TRANSVERSE = _Part(across=1.4, behind=18, below=-0.05, half_u=15, half_z=3.6, bone=5, hollow=0.4, angle=0.12)
_AP_SPINOUS = _Part(behind=38, below=0.38, half_u=3.4, half_z=10, bone=11, hollow=0.4)
_LATERAL = (
    _Part(behind=6, below=-0.15, half_u=9, half_z=5.2, bone=13, hollow=0.55),  # both pedicles
    _Part(behind=14, below=0.25, half_u=5, half_z=13, bone=15, hollow=0.4, angle=0.2),  # inferior articular processes
    _Part(behind=15, below=-0.45, half_u=4, half_z=8, bone=10, hollow=0.3, angle=0.3),  # superior articular processes
    _Part(behind=31, below=0.38, half_u=14, half_z=7, bone=4.5, hollow=0.4, angle=0.22),  # spinous process
)


def add_posterior_elements(canvas: Canvas, spine: Spine, levels: npt.NDArray[np.intp], view: View) -> None:
    """Add the posterior elements of `levels` to the canvas."""
    if view == "lateral":
        for part in _LATERAL:
            _add_lateral(canvas, spine, levels, part)
        return
    sides, both = np.repeat((-1, 1), len(levels)), np.tile(levels, 2)
    for part in _AP_PAIRED:
        _add_ap(canvas, spine, both, part, sides)
    # Transverse processes grow longer from T10 to L5.
    _add_ap(canvas, spine, both, _AP_TRANSVERSE, sides, length=0.55 + 0.06 * both)
    _add_ap(canvas, spine, levels, _AP_SPINOUS, sides=np.zeros(len(levels), dtype=int))


def _add_ap(
    canvas: Canvas,
    spine: Spine,
    levels: npt.NDArray[np.intp],
    part: _Part,
    sides: npt.NDArray[np.int64],
    length: Array | float = 1.0,
) -> None:
    canvas.add_small_ellipsoids(
        spine.x[levels] + sides * part.across * spine.half_width[levels] + spine.rotation * part.behind,
        spine.z[levels] + part.below * spine.healthy_height[levels],
        part.half_u * spine.size * length,
        part.half_z * spine.size,
        part.bone * CORTEX_PER_MM,
        -sides * part.angle,
        part.hollow,
    )


def _add_lateral(canvas: Canvas, spine: Spine, levels: npt.NDArray[np.intp], part: _Part) -> None:
    tilt = spine.sagittal_tilt[levels]
    dy = -spine.half_depth[levels] - part.behind * spine.size
    dz = part.below * spine.healthy_height[levels]
    canvas.add_small_ellipsoids(
        spine.y[levels] + dy * np.cos(tilt) - dz * np.sin(tilt),
        spine.z[levels] + dy * np.sin(tilt) + dz * np.cos(tilt),
        part.half_u * spine.size,
        part.half_z * spine.size,
        part.bone * CORTEX_PER_MM,
        tilt + part.angle,
        part.hollow,
    )
