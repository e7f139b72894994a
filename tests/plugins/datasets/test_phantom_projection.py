from math import gamma, pi

import numpy as np
import pytest
from ovcf_plugins.datasets.phantom.anatomy import Spine
from ovcf_plugins.datasets.phantom.bodies import add_bodies
from ovcf_plugins.datasets.phantom.projection import CORTEX_PER_MM, Canvas, Film
from ovcf_plugins.datasets.phantom.radiograph import smooth
from scipy.ndimage import gaussian_filter

L1 = 3
WIDTH, DEPTH, HEIGHT = 20.0, 15.0, 27.0  # half width, half depth, height of the body under test, mm
FILM = Film(rows=240, columns=240, pixel_mm=0.25, top_mm=-30.0, coned=True)


def spine(**changes):
    """Eight bodies of solid bone in the isocentre: neither tilt, nor cups, nor wedges, unless changed."""
    zero = np.zeros(8)
    values = {
        "size": 1.0,
        "half_width": zero + WIDTH,
        "half_depth": zero + DEPTH,
        "healthy_height": zero + HEIGHT,
        "posterior_height": zero + HEIGHT,
        "middle_height": zero + HEIGHT,
        "anterior_height": zero + HEIGHT,
        "sagittal_tilt": zero,
        "coronal_tilt": zero,
        "x": zero,
        "y": zero,
        "z": zero,
        "marrow_per_mm": zero + CORTEX_PER_MM,
        "rotation": 0.0,
        "offset_mm": (0.0, 0.0),
        "trunk_half_width": 158.0,
        "trunk_half_depth": 110.0,
    }
    return Spine(**values | {name: zero + value for name, value in changes.items()})


def thickness(view, **changes):
    """Thickness of bone, mm, that a ray through each pixel meets, and the z of the rows."""
    canvas = Canvas(FILM, magnification=1.0, u_centre=0.0, z_top=FILM.top_mm)
    add_bodies(canvas, spine(**changes), np.array([L1]), view, pose=0.0)
    return canvas.integrals / CORTEX_PER_MM, canvas.u, canvas.z


def marched_ap(z, *, posterior, anterior, middle, tilt, points=4000):
    """Thickness at u = 0 in AP by marching along the ray: the body's definition, written down once more."""
    y = (np.arange(points) + 0.5) / points * 2 - 1
    height, dip = (posterior + anterior) / 2, (posterior + anterior) / 2 - middle
    climb = np.tan(tilt) * DEPTH * y
    upper = -height / 2 - (anterior - posterior) / 2 * y + climb + 0.6 * dip * (1 - y**2)
    lower = height / 2 + climb - 0.4 * dip * (1 - y**2)
    inside = (z[:, None] > upper) & (z[:, None] < lower)
    return 2 * DEPTH * inside.mean(axis=1)


def crossing(z, profile, level):
    """First z at which a rising profile crosses a level, between pixels."""
    return float(np.interp(level, profile[: profile.argmax() + 1], z[: profile.argmax() + 1]))


@pytest.mark.parametrize(("view", "depth"), [("ap", DEPTH), ("lateral", WIDTH)])
def test_the_central_ray_meets_the_full_depth_of_the_body(view, depth):
    seen, _, _ = thickness(view)
    assert seen[120, 120] == pytest.approx(2 * depth, rel=1e-3)


@pytest.mark.parametrize("view", ["ap", "lateral"])
def test_a_slice_of_the_body_has_the_area_of_a_superellipse(view):
    seen, _, z = thickness(view)
    # Area of a superellipse (DLMF 5.12.1): 4 a b gamma(1 + 1/n)^2 / gamma(1 + 2/n); the waist takes 10 % off.
    n = 2.6
    area = 4 * WIDTH * DEPTH * gamma(1 + 1 / n) ** 2 / gamma(1 + 2 / n)
    middle = np.abs(z).argmin()
    assert seen[middle].sum() * FILM.pixel_mm == pytest.approx(0.9 * area, rel=2e-3)


def test_both_views_show_the_same_mass():
    ap, lateral = thickness("ap")[0].sum(), thickness("lateral")[0].sum()
    assert ap == pytest.approx(lateral, rel=2e-3)


@pytest.mark.parametrize(
    "shape",
    [
        {"posterior": 27, "anterior": 27, "middle": 27, "tilt": 0.0},
        {"posterior": 27, "anterior": 16, "middle": 21, "tilt": 0.0},
        {"posterior": 26, "anterior": 25, "middle": 13, "tilt": 0.1},
        {"posterior": 27, "anterior": 27, "middle": 26, "tilt": 0.35},
        {"posterior": 18, "anterior": 13, "middle": 12, "tilt": -0.25},
    ],
    ids=["flat", "wedge", "biconcave", "strongly tilted", "crush"],
)
def test_ap_quadrature_agrees_with_marching_along_the_ray(shape):
    heights = {f"{part}_height": shape[part] for part in ("posterior", "middle", "anterior")}
    seen, u, z = thickness("ap", **heights, sagittal_tilt=shape["tilt"])
    difference = seen[:, np.abs(u).argmin()] - marched_ap(z, **shape)
    # A flat endplate is a step that falls inside one pixel; elsewhere, 8 points do what 4,000 do.
    assert np.sqrt(np.mean(difference**2)) < 0.03 * 2 * DEPTH
    assert abs(difference.sum()) * FILM.pixel_mm < 0.01 * 2 * DEPTH * HEIGHT


def test_a_strongly_tilted_endplate_shows_no_bands_in_ap():
    seen, u, z = thickness("ap", sagittal_tilt=0.5)
    upper_half = seen[z < 0, np.abs(u).argmin()]
    rise = np.diff(upper_half)[(upper_half[1:] > 3) & (upper_half[1:] < 27)]
    assert rise.min() > 0.8 * rise.max()


def test_a_wedge_blurs_the_ap_endplate_without_moving_it():
    flat, u, z = thickness("ap")
    wedge, _, _ = thickness("ap", posterior_height=HEIGHT + 4, anterior_height=HEIGHT - 4)
    middle = np.abs(u).argmin()
    position, width = [], []
    for seen in (flat, wedge):
        profile = seen[z < 0, middle]
        position.append(crossing(z, profile, DEPTH))
        width.append(crossing(z, profile, 0.9 * 2 * DEPTH) - crossing(z, profile, 0.1 * 2 * DEPTH))
    assert position[1] == pytest.approx(position[0], abs=FILM.pixel_mm)
    assert width[1] > 5 * width[0]


def test_a_wedge_is_sharp_and_oblique_in_the_lateral_view():
    seen, u, z = thickness("lateral", posterior_height=HEIGHT + 4, anterior_height=HEIGHT - 4)
    upper = [crossing(z, seen[z < 0, np.abs(u - y).argmin()], WIDTH) for y in (-0.5 * DEPTH, 0.5 * DEPTH)]
    assert upper[1] - upper[0] == pytest.approx(4.0, abs=2 * FILM.pixel_mm)


def test_structures_add_up():
    def stamped(levels):
        canvas = Canvas(FILM, magnification=1.0, u_centre=0.0, z_top=FILM.top_mm)
        add_bodies(canvas, spine(x=[0, 0, 0, -5, 5, 0, 0, 0]), np.array(levels), "ap", pose=0.0)
        return canvas.integrals

    np.testing.assert_allclose(stamped([3, 4]), stamped([3]) + stamped([4]), atol=1e-5)


def test_an_ellipsoid_holds_two_thirds_of_its_cylinder_however_it_is_turned():
    for angle in (0.0, 0.7):
        small, large = (Canvas(FILM, 1.0, 0.0, FILM.top_mm) for _ in range(2))
        small.add_small_ellipsoids(np.array([3.0]), np.array([2.0]), 12.0, 5.0, 0.5, angle)
        large.add_large_ellipsoid(3.0, 2.0, 12.0, 5.0, 0.5, angle)
        for canvas in (small, large):
            held = canvas.integrals.sum() * FILM.pixel_mm**2
            assert held == pytest.approx(2 / 3 * pi * 12 * 5 * 0.5, rel=5e-3)
        np.testing.assert_allclose(small.integrals, large.integrals, atol=1e-4)


def test_a_tube_has_the_cross_section_of_a_circle_and_may_leave_the_film():
    canvas = Canvas(FILM, 1.0, 0.0, FILM.top_mm)
    canvas.add_tube(canvas.u * 3, -100, 100, radius=5.0, integral=0.4, hollow=0.0)
    columns = canvas.integrals.sum(axis=0) * FILM.pixel_mm
    assert columns[120] == pytest.approx(0.4 * pi * 5 / 2, rel=0.01)
    assert columns[0] == 0


def test_smoothing_agrees_with_a_gaussian_away_from_the_edges():
    rng = np.random.default_rng(5)
    picture = gaussian_filter(rng.standard_normal((320, 192)), 10).astype(np.float32)
    expected = gaussian_filter(picture, 24)
    inner = (slice(80, -80), slice(72, -72))
    np.testing.assert_allclose(smooth(picture, 24.0)[inner], expected[inner], atol=0.05 * np.ptp(expected))


def test_smoothing_keeps_a_flat_picture_flat():
    np.testing.assert_allclose(smooth(np.full((64, 40), 0.7, np.float32), 9.0), 0.7, rtol=1e-6)
