"""Images of a manifest: pixels as they are stored, bone bright, and what decoding or the header shows."""

import numpy as np
import pytest
from manifests import GREY_8, GREY_16, listed, only_pixels, opened, problems, save
from PIL import Image

from ovcf_bench.api import DataError

TIFF_WHITE_IS_ZERO = {"format": "TIFF", "tiffinfo": {262: 0}}


@pytest.mark.parametrize(
    ("name", "pixels", "options"),
    [
        ("8.png", GREY_8, {}),
        ("16.png", GREY_16, {}),
        ("8.tif", GREY_8, {}),
        ("16.tiff", GREY_16, {}),
        ("16.TIF", GREY_16, {"compression": "tiff_lzw"}),
        ("float.tif", (GREY_16 / 65535).astype(np.float32), {}),
        ("white_is_zero_8.tif", GREY_8, TIFF_WHITE_IS_ZERO),
    ],
)
def test_pixels_come_back_bit_for_bit(tmp_path, name, pixels, options):
    save(tmp_path / name, pixels, **options)
    listed(tmp_path, f"anna,ap,1,{name}")
    found = only_pixels(tmp_path)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


def test_white_is_zero_is_turned_in_16_bits_as_well(tmp_path):
    save(tmp_path / "a.tif", 65535 - GREY_16, **TIFF_WHITE_IS_ZERO)  # Pillow writes 16 bits as they are
    listed(tmp_path, "anna,ap,1,a.tif")
    np.testing.assert_array_equal(only_pixels(tmp_path), GREY_16)


@pytest.mark.parametrize(
    ("pixels", "highest"), [(GREY_8, 255), (GREY_16, 65535), ((GREY_16 / 65535).astype(np.float32), 1)]
)
def test_inverted_images_become_bone_bright(tmp_path, pixels, highest):
    save(tmp_path / "a.tif", pixels)
    listed(tmp_path, "anna,ap,1,a.tif")
    found = only_pixels(tmp_path, inverted=True)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, (highest - pixels).astype(pixels.dtype))


def test_a_jpeg_is_read_as_it_is_stored_whatever_its_orientation_tag_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    save(tmp_path / "a.jpg", GREY_8, exif=exif, quality=100)
    listed(tmp_path, "anna,ap,1,a.jpg")
    found = only_pixels(tmp_path)
    assert found.shape == GREY_8.shape
    assert abs(found.astype(int) - GREY_8).max() <= 2


def test_colour_is_grey_when_the_channels_agree_and_refused_otherwise(tmp_path):
    grey = np.repeat(GREY_8[..., None], 3, axis=2)
    save(tmp_path / "a.png", grey)
    listed(tmp_path, "anna,ap,1,a.png")
    np.testing.assert_array_equal(only_pixels(tmp_path), GREY_8)
    red = grey.copy()
    red[..., 0] = 200
    save(tmp_path / "a.png", red)
    with pytest.raises(DataError, match=r"manifest\.csv, row 2: the image has colours"):
        only_pixels(tmp_path)
    luminance = 0.299 * red[..., 0] + 0.587 * red[..., 1] + 0.114 * red[..., 2]  # ITU-R BT.601
    assert abs(only_pixels(tmp_path, grey="luminance") - luminance).max() <= 1


@pytest.mark.parametrize(
    ("name", "make", "found"),
    [
        ("a.png", lambda path: Image.new("RGBA", (4, 6), (9, 9, 9, 100)).save(path), "partly transparent"),
        ("a.tif", lambda path: save(path, np.array([[0.5, 1.5]], np.float32)), "outside 0 to 1"),
        ("a.tif", lambda path: save(path, np.array([[0.5, np.nan]], np.float32)), "outside 0 to 1, or NaN"),
        ("a.tif", lambda path: save(path, np.array([[5, 70000]], np.int32)), "more than 16 bits"),
    ],
)
def test_what_only_decoding_shows_is_an_error_of_its_row(tmp_path, name, make, found):
    make(tmp_path / name)
    listed(tmp_path, f"anna,ap,1,{name}")
    with pytest.raises(DataError, match=rf"manifest\.csv, row 2: .*{found}"):
        only_pixels(tmp_path)


def colour_16(path):
    import struct
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + bytes(6))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def two_pages(path):
    Image.fromarray(GREY_8).save(path, save_all=True, append_images=[Image.fromarray(GREY_8)])


@pytest.mark.parametrize(
    ("name", "make", "found"),
    [
        ("a.png", colour_16, "colours of 16 bits"),
        ("a.tif", two_pages, "several images"),
        ("a.jpg", lambda path: Image.new("CMYK", (4, 6)).save(path), "of the kind CMYK"),
        ("a.jpg", lambda path: path.write_bytes(b""), "no PNG, JPEG or TIFF"),
        ("a.jpg", lambda path: path.write_bytes(save(path, GREY_8.repeat(40, 0)).read_bytes()[:-60]), "cut short"),
        ("a.tif", lambda path: path.write_bytes(save(path, GREY_16.repeat(40, 0)).read_bytes()[:-60]), "cut short"),
    ],
)
def test_what_the_header_shows_is_told_before_anything_is_decoded(tmp_path, name, make, found):
    make(tmp_path / name)
    listed(tmp_path, f"anna,ap,1,{name}")
    assert found in problems(tmp_path)[0]
    assert len(opened(tmp_path, verify="existence").exams()) == 1


def test_bytes_behind_the_end_of_a_picture_do_no_harm(tmp_path):
    path = save(tmp_path / "a.png")
    path.write_bytes(path.read_bytes() + b"trailing")
    listed(tmp_path, "anna,ap,1,a.png")
    np.testing.assert_array_equal(only_pixels(tmp_path), GREY_8)
