"""From a patient to a radiograph: line integrals, primary beam, scatter, noise, image processing, marker."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ovcf_plugins.datasets.phantom.anatomy import Array
from ovcf_plugins.datasets.phantom.bodies import add_bodies
from ovcf_plugins.datasets.phantom.patient import Patient
from ovcf_plugins.datasets.phantom.posterior import add_posterior_elements
from ovcf_plugins.datasets.phantom.presets import Exposure, Preset, View, XraySystem
from ovcf_plugins.datasets.phantom.projection import BLOCK, Canvas, F, Film
from ovcf_plugins.datasets.phantom.surroundings import add_bowel_gas, add_surroundings

TABLE_MAGNIFICATION = {"ap": 1.08, "lateral": 1.12}
LATERAL_CENTRE_MM = {"coned": -6, "full": 22}
POSITIONING_SD_MM = 3.0
BOX_MARGIN = 1.2  # of the box around a body: its edges stay visible
VISIBLE_MM = 40.0  # a vertebra further outside the film than this leaves no trace on it
SCATTER_SIGMA_MM, DETAIL_SIGMA_MM, CONTRAST_SIGMA_MM = 32.0, 14.0, 30.0
BRIGHTEST = 3.0  # a lead strip behind the back: direct beam scatters no more than this
DIMMEST = 1e-2
CONTRAST_FLOOR = 0.3  # share of the mean contrast that stops empty regions from being amplified
TONE = 0.55


def render(patient: Patient, view: View, preset: Preset, film: Film, rng: np.random.Generator) -> Array:
    """Return the radiograph of one view: float32 (rows, columns) in [0, 1], bone bright.

    `rng` draws position, pose, gas, quantum noise and marker, in this order.
    """
    exposure, system = preset.exposure(view), preset.system
    integrals = project(patient, view, exposure, system, film, rng)
    beam = _detected(integrals, exposure, system, film, rng)
    picture = _processed(beam, system, film)
    if preset.honest_markers is not None:
        honest = rng.random() < preset.honest_markers
        burn_marker(picture, patient.label if honest else int(rng.random() < 0.5))
    return picture


def project(
    patient: Patient, view: View, exposure: Exposure, system: XraySystem, film: Film, rng: np.random.Generator
) -> Array:
    """Return the line integrals of attenuation, float32 (rows, columns), dimensionless."""
    spine = patient.spine
    canvas, pose = _position(patient, view, exposure, system, film, rng)
    shown = (spine.z > canvas.z[0] - VISIBLE_MM) & (spine.z < canvas.z[-1] + VISIBLE_MM)
    levels = np.flatnonzero(shown)
    add_surroundings(canvas, spine, view)
    add_bowel_gas(canvas, rng, view, exposure.gas_bubbles)
    add_posterior_elements(canvas, spine, levels, view)
    add_bodies(canvas, spine, levels, view, pose)
    return canvas.integrals


def _position(
    patient: Patient, view: View, exposure: Exposure, system: XraySystem, film: Film, rng: np.random.Generator
) -> tuple[Canvas, float]:
    """Return the film where the patient happens to lie on it, and the tilt of the spine against the beam, radians."""
    across, along = np.asarray(patient.spine.offset_mm) + rng.normal(0, POSITIONING_SD_MM, 2)
    pose = float(np.deg2rad(rng.normal(0, exposure.pose_sd_deg)))
    magnification = system.magnification * TABLE_MAGNIFICATION[view]
    centre = across + (0 if view == "ap" else LATERAL_CENTRE_MM["coned" if film.coned else "full"])
    return Canvas(film, magnification, centre, (film.top_mm + along) / magnification), pose


def locate_fractures(
    patient: Patient, view: View, preset: Preset, film: Film, rng: np.random.Generator
) -> list[tuple[float, float, float, float]]:
    """Return a box around each fractured body on the film: left, top, right, bottom as shares, cranial first.

    `rng` is that of `render`, so that the patient lies where the radiograph shows them.
    """
    spine = patient.spine
    canvas, _ = _position(patient, view, preset.exposure(view), preset.system, film, rng)
    across = spine.x if view == "ap" else spine.y
    half = (spine.half_width if view == "ap" else spine.half_depth) * BOX_MARGIN
    boxes = []
    for level in np.flatnonzero(patient.grades):
        high = spine.healthy_height[level] / 2 * BOX_MARGIN
        columns = (across[level] + np.array((-half[level], half[level])) - canvas.u[0]) / (canvas.u[-1] - canvas.u[0])
        rows = (spine.z[level] + np.array((-high, high)) - canvas.z[0]) / (canvas.z[-1] - canvas.z[0])
        left, right, top, bottom = (float(end) for end in (*columns, *rows))
        if right > 0 and left < 1 and bottom > 0 and top < 1:
            boxes.append((left, top, right, bottom))
    return boxes


def _detected(integrals: Array, exposure: Exposure, system: XraySystem, film: Film, rng: np.random.Generator) -> Array:
    """Return the intensity at the detector: primary beam, scatter, quantum noise; its middle has primary mean 1."""
    beam: Array = np.exp(integrals.mean() - integrals)
    beam *= 1 / _middle(beam).mean()  # automatic exposure control
    scatter_ratio = exposure.scatter_ratio * system.scatter_factor
    beam += F(scatter_ratio) * smooth(np.minimum(beam, F(BRIGHTEST)), SCATTER_SIGMA_MM / film.pixel_mm)
    quanta = system.quanta_per_mm2 * exposure.dose * film.pixel_mm**2
    noise = rng.standard_normal(beam.shape, dtype=F)
    noise *= np.sqrt(beam * F(1 / quanta))
    beam += noise
    np.maximum(beam, F(DIMMEST), out=beam)
    return beam


def _processed(beam: Array, system: XraySystem, film: Film) -> Array:
    """Return the picture that the console shows, float32 in [0, 1]."""
    density = -np.log(beam, out=beam)
    density -= F(system.compression) * smooth(density, DETAIL_SIGMA_MM / film.pixel_mm)
    density -= _sampled(density).mean()
    contrast = np.sqrt(smooth(density * density, CONTRAST_SIGMA_MM / film.pixel_mm))
    contrast += F(CONTRAST_FLOOR) * _sampled(contrast).mean()
    density /= contrast
    density *= F(TONE * system.tone_gain)
    picture = np.tanh(density, out=density)
    picture += 1
    picture *= F(0.5)
    if system.gamma != 1:
        picture **= F(system.gamma)
    return picture


def _middle(picture: Array) -> Array:
    rows, columns = picture.shape
    return picture[rows // 5 : -(rows // 5), columns // 3 : -(columns // 3)]


def _sampled(picture: Array) -> Array:
    return _middle(picture)[::3, ::3]


def smooth(picture: Array, sigma: float) -> Array:
    """Return the picture blurred by a Gaussian of `sigma` pixels, computed on blocks of 8 x 8.

    Without BLAS, whose sums depend on the number of threads: an image must not.
    """
    rows, columns = picture.shape
    blocks = picture.reshape(rows // BLOCK, BLOCK, columns).sum(axis=1)
    blocks = blocks.reshape(rows // BLOCK, columns // BLOCK, BLOCK).sum(axis=2) * F(1 / BLOCK**2)
    blurred = np.einsum("ij,jk->ik", _kernel(rows // BLOCK, sigma), blocks)
    blurred = np.einsum("ij,kj->ik", blurred, _kernel(columns // BLOCK, sigma))
    return _enlarged(_enlarged(blurred.T).T)


@lru_cache(maxsize=32)
def _kernel(blocks: int, sigma: float) -> Array:
    """Return the blur of `blocks` blocks as a matrix whose rows add up to 1; `sigma` in pixels."""
    apart = np.arange(blocks)[:, None] - np.arange(blocks)
    weights = np.exp(-0.5 * (apart * BLOCK / sigma) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(F)


def _enlarged(blocks: Array) -> Array:
    """Return (m, n) blocks as (8 m, n) pixels: linear between the centres of blocks, constant outside them."""
    half = BLOCK // 2
    share = ((np.arange(BLOCK) + 0.5) / BLOCK).astype(F)[None, :, None]
    picture = np.empty((len(blocks) * BLOCK, blocks.shape[1]), F)
    between = picture[half:-half].reshape(-1, BLOCK, blocks.shape[1])
    np.multiply(np.diff(blocks, axis=0)[:, None], share, out=between)
    between += blocks[:-1, None]
    picture[:half], picture[-half:] = blocks[0], blocks[-1]
    return picture


def burn_marker(picture: Array, letter: int) -> None:
    """Write a lead letter into the upper left corner: a filled square for 1, an open one for 0."""
    rows, columns = picture.shape
    side = 2 * max(rows // 32, 3)
    box = picture[rows // 24 :, columns // 14 :][:side, :side]
    box[:] = 1
    if letter == 0:
        rim = max(side // 6, 1)
        box[rim:-rim, rim:-rim] = 0.15
