"""Line integrals of attenuation on a film: the film, the canvas, and ellipsoids and tubes in closed form.

Coordinates are patient mm (see anatomy): u across the film (x in AP, y in lateral) and z along it. The integrals of
single structures add up (Beer-Lambert), so structures are stamped one after the other, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ovcf_plugins.datasets.phantom.anatomy import Array

F = np.float32
SOFT_TISSUE_PER_MM = 0.0205  # water at about 50 keV
CORTEX_PER_MM = 0.033  # cortical bone of vertebrae, in excess of water, averaged over the shell's pores
SOURCE_TO_IMAGE_MM = 1100.0
CONED_HEIGHT_MM = 192.0  # T11-L3
FULL_HEIGHT_MM = 430.0
COLUMNS_PER_ROW = {"coned": 3 / 5, "full": 5 / 8}
BLOCK = 8  # rows and columns are whole blocks: scatter is computed at 1/8 of the scale
MARGIN_MM = 80.0  # on the detector, around the film: structures are cut off at the film's edge, not before it
_SMALL_CORE, _BIG_CORE, _TUBE_CORE = 0.55, 0.85, 0.60  # squared radius inside which a hollow structure is thinner


@dataclass(frozen=True, slots=True)
class Film:
    """A detector of rows x columns pixels of `pixel_mm`; row 0 lies `top_mm` from the centre of L1."""

    rows: int
    columns: int
    pixel_mm: float
    top_mm: float
    coned: bool

    @classmethod
    def of(cls, field: str, rows: int) -> Film:
        """Return the film of a field, "coned" or "full"; columns are rounded to whole blocks."""
        coned = field == "coned"
        columns = BLOCK * round(rows * COLUMNS_PER_ROW[field] / BLOCK)
        height_mm = CONED_HEIGHT_MM if coned else FULL_HEIGHT_MM
        top_mm = 10 - height_mm / 2 if coned else -135.0
        return cls(rows, columns, height_mm / rows, top_mm, coned)


@dataclass(frozen=True, slots=True)
class Patches:
    """Equally sized pixel patches: first rows and columns (n,), local coordinates u (n, 1, w) and z (n, h, 1) in mm."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    u: Array
    z: Array


class Canvas:
    """Accumulates line integrals (dimensionless) on a film whose centre column lies at `u_centre`, row 0 at `z_top`.

    `integrals` is the film's (rows, columns) float32 picture; `u` and `z` are the patient mm of its pixels.
    """

    def __init__(self, film: Film, magnification: float, u_centre: float, z_top: float) -> None:
        self.film = film
        self.pixel = film.pixel_mm / magnification  # mm in the patient
        self._margin = int(MARGIN_MM / film.pixel_mm) + 2
        self._padded = np.zeros((film.rows + 2 * self._margin, film.columns + 2 * self._margin), F)
        self.integrals = self._padded[self._margin : -self._margin, self._margin : -self._margin]
        self._u_first = u_centre - (film.columns - 1) / 2 * self.pixel
        self._z_first = z_top + self.pixel / 2
        self.u = (self._u_first + np.arange(film.columns) * self.pixel).astype(F)
        self.z = (self._z_first + np.arange(film.rows) * self.pixel).astype(F)

    def patches(self, u: Array, z: Array, half_width: float, half_height: float) -> Patches:
        """Return patches that hold all within `half_width`, `half_height` (mm) of the points u, z (n,)."""
        width, height = int(2 * half_width / self.pixel) + 3, int(2 * half_height / self.pixel) + 3
        column, row = (u - self._u_first) / self.pixel, (z - self._z_first) / self.pixel
        columns = np.floor(column - width / 2 + 1).astype(np.intp)
        rows = np.floor(row - height / 2 + 1).astype(np.intp)
        local_u = ((columns - column)[:, None] + np.arange(width)) * self.pixel
        local_z = ((rows - row)[:, None] + np.arange(height)) * self.pixel
        return Patches(rows, columns, local_u[:, None, :].astype(F), local_z[:, :, None].astype(F))

    def stamp(self, patches: Patches, integrals: Array) -> None:
        """Add the integrals (n, h, w) of `patches`; one that leaves the margin around the film is not on it."""
        _, height, width = integrals.shape
        rows, columns = (patches.rows + self._margin).tolist(), (patches.columns + self._margin).tolist()
        for row, column, values in zip(rows, columns, integrals, strict=True):
            if row >= 0 and column >= 0:
                target = self._padded[row : row + height, column : column + width]
                if target.shape == values.shape:
                    target += values

    def window(self, u_low: float, u_high: float, z_low: float, z_high: float) -> tuple[slice, slice]:
        """Return the (rows, columns) of the film between these borders, mm; empty slices where it shows none."""
        columns = slice(*np.searchsorted(self.u, (u_low, u_high)))
        return slice(*np.searchsorted(self.z, (z_low, z_high))), columns

    def add_small_ellipsoids(
        self,
        u: Array,
        z: Array,
        half_u: Array | float,
        half_z: Array | float,
        integral: Array | float,
        angle: Array | float = 0.0,
        hollow: float = 0.0,
    ) -> None:
        """Add ellipsoids (n,) with half axes in mm, central line integral, angle in radians.

        `hollow` is the share of the central chord that a core of 55 % of the squared radius takes away.
        """
        patches = self.patches(u, z, *_reach(half_u, half_z, angle))
        across, along = turned(patches.u, patches.z, stacked(angle)) if np.any(angle) else (patches.u, patches.z)
        squared = (across * stacked(1 / half_u)) ** 2 + (along * stacked(1 / half_z)) ** 2
        chord = np.sqrt(np.maximum(1 - squared, 0))
        if hollow:
            chord -= F(hollow) * np.sqrt(np.maximum(F(_SMALL_CORE) - squared, 0))
        self.stamp(patches, chord * stacked(integral))

    def add_large_ellipsoid(
        self, u: float, z: float, half_u: float, half_z: float, integral: float, angle: float = 0.0, hollow: float = 0.0
    ) -> None:
        """Add one ellipsoid that may be larger than the film; arguments as for small ones."""
        reach_u, reach_z = _reach(half_u, half_z, angle)
        rows, columns = self.window(u - reach_u, u + reach_u, z - reach_z, z + reach_z)
        if rows.start == rows.stop or columns.start == columns.stop:
            return
        across, along = self.u[None, columns] - F(u), self.z[rows, None] - F(z)
        if angle:
            across, along = turned(across, along, F(angle))
        inside = np.maximum(1 - (across * F(1 / half_u)) ** 2 - (along * F(1 / half_z)) ** 2, 0)
        chord = np.sqrt(inside)
        if hollow:
            chord -= F(hollow) * np.sqrt(np.maximum(inside - F(1 - _BIG_CORE), 0))
        self.integrals[rows, columns] += chord * F(integral)

    def add_tube(self, axis: Array, u_low: float, u_high: float, radius: float, integral: float, hollow: float) -> None:
        """Add a tube of `radius` mm along z = axis(u), one value a column, between two borders."""
        columns = np.arange(*np.searchsorted(self.u, (u_low, u_high)))
        first = np.ceil((axis[columns] - F(radius + self._z_first)) * F(1 / self.pixel)).astype(np.intp)
        height, padded_columns = int(2 * radius / self.pixel) + 1, self._padded.shape[1]
        fits = (first >= -self._margin) & (first + height <= self.film.rows + self._margin)
        columns, first = columns[fits], first[fits]
        above = first * F(self.pixel) + F(self._z_first) - axis[columns]
        inside = 1 - ((above + np.arange(height, dtype=F)[:, None] * F(self.pixel)) * F(1 / radius)) ** 2
        chord = np.sqrt(np.maximum(inside, 0))
        chord -= F(hollow) * np.sqrt(np.maximum(inside - F(1 - _TUBE_CORE), 0))
        start = (first + self._margin) * padded_columns + columns + self._margin
        self._padded.reshape(-1)[start + np.arange(height)[:, None] * padded_columns] += F(integral) * chord


def _reach(half_u: Array | float, half_z: Array | float, angle: Array | float) -> tuple[float, float]:
    """Return how far the largest of these turned ellipses extends along u and along z."""
    cosine, sine = np.cos(angle), np.sin(angle)
    reach_u = np.max(np.hypot(half_u * cosine, half_z * sine))
    return float(reach_u), float(np.max(np.hypot(half_u * sine, half_z * cosine)))


def stacked(values: Array | float) -> Array:
    """Return values (n,) as (n, 1, 1) float32, ready for patches; a single number stays single."""
    return np.asarray(values, F).reshape(-1, 1, 1)


def turned(u: Array, z: Array, angle: Array | np.float32) -> tuple[Array, Array]:
    """Return coordinates in a frame that is turned by `angle`, radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * u + sine * z, cosine * z - sine * u
