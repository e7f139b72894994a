import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ovcf_bench.errors import DataError
from ovcf_bench.images import Preprocessing, as_uint16, pixel_digest, resize
from ovcf_bench.vocabulary import PREPROCESSING_VERSION

LETTERBOX, STRETCH = Preprocessing(30, 20), Preprocessing(30, 20, "stretch")
WHITE = np.full((40, 40), 65535, np.uint16)


def test_eight_bits_are_spread_over_the_whole_range():
    assert as_uint16(np.array([[0, 1, 128, 255]], np.uint8)).tolist() == [[0, 257, 32896, 65535]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_from_0_to_1_are_rounded_to_the_grid(dtype):
    assert as_uint16(np.array([[0, 0.5, 1]], dtype)).tolist() == [[0, 32768, 65535]]


def test_every_level_survives_the_way_to_float32_and_back():
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    floats = (levels / 65535).astype(np.float32)
    assert floats.dtype == np.float32
    assert (floats.min(), floats.max()) == (0, 1)
    np.testing.assert_array_equal(as_uint16(floats), levels)


def test_the_byte_order_of_a_file_does_not_matter():
    swapped = as_uint16(np.array([[1, 2]], ">u2"))
    assert swapped.dtype == np.uint16
    assert swapped.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((2, 2, 3), np.uint8), "shape (2, 2, 3)"),
        (np.zeros((0, 4), np.uint8), "shape (0, 4)"),
        (np.zeros((2, 2), np.int32), "type int32"),
        (np.zeros((2, 2), bool), "type bool"),
        (np.zeros((2, 2), np.float16), "type float16"),
        (np.array([[0.1, np.nan]]), "NaN"),
        (np.array([[0.0, 1.5]]), "values from 0 to 1.5"),
        (np.array([[-0.25, 1.0]]), "values from -0.25 to 1"),
        (np.array([[0.0, np.inf]]), "values from 0 to inf"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(image, found):
    with pytest.raises(DataError) as error:
        as_uint16(image)
    assert found in str(error.value)
    assert "Allowed: (height, width) of uint8, uint16, or float" in str(error.value)


def test_the_digest_is_that_of_shape_and_little_endian_pixels():
    image = np.array([[1, 2, 3], [4, 5, 65535]], np.uint16)
    expected = hashlib.sha256(b"2x3:" + bytes([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 255, 255])).hexdigest()
    assert pixel_digest(image) == expected
    assert pixel_digest(np.asfortranarray(image)) == expected
    assert pixel_digest(image.reshape(3, 2)) != expected


def test_the_version_names_everything_that_pixels_depend_on():
    every = [LETTERBOX, STRETCH, Preprocessing(20, 30), Preprocessing(30, 21)]
    assert len({each.version for each in every}) == 4
    assert LETTERBOX.version == f"v{PREPROCESSING_VERSION}-30x20-letterbox"
    assert LETTERBOX.image_bytes == 30 * 20 * 2


def test_letterbox_keeps_the_proportions_and_centres_between_black_bars():
    framed = resize(WHITE, LETTERBOX)
    assert framed.shape == (30, 20)
    assert (framed[5:25] == 65535).all()
    assert not framed[:5].any()
    assert not framed[25:].any()


def test_stretch_fills_the_frame():
    assert (resize(WHITE, STRETCH) == 65535).all()


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(["letterbox", "stretch"]))
def test_any_size_becomes_the_wanted_size(height, width, fit):
    image = np.full((height, width), 40000, np.uint16)
    result = resize(image, Preprocessing(24, 16, fit))
    assert result.shape == (24, 16)
    assert result.dtype == np.uint16
    assert set(np.unique(result)) <= {0, 40000}
    assert (result == 40000).any()


def test_an_image_of_the_right_size_is_not_touched():
    image = np.random.default_rng(1).integers(0, 65536, (30, 20), dtype=np.uint16)
    np.testing.assert_array_equal(resize(image, LETTERBOX), image)


def test_shrinking_averages_instead_of_skipping_pixels():
    stripes = np.zeros((300, 200), np.uint16)
    stripes[:, ::2] = 60000  # skipping would give black or white
    middle = resize(stripes, LETTERBOX)[2:-2, 2:-2].astype(float)
    assert abs(middle - 30000).max() < 600


def test_sixteen_bits_are_resampled_without_falling_to_eight():
    ramp = np.linspace(1000, 1200, 200 * 300).reshape(300, 200).astype(np.uint16)
    smooth = Image.fromarray(ramp.astype(np.float32)).resize((20, 30), Image.Resampling.BILINEAR)
    result = resize(ramp, LETTERBOX)
    assert abs(result.astype(float) - np.asarray(smooth)).max() <= 0.5
    assert len(np.unique(result)) > 30  # the whole ramp is one step of 8 bits
