"""The way from stored values to grey: against the standard's formulas, dcmtk and ffmpeg."""

import contextlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import GRADIENT, radiograph, save
from ovcf_plugins.datasets.dicom.pixels import read_radiograph
from ovcf_plugins.datasets.files.picture import UnreadableError
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
GREY_8 = 1 / 255
NOISE = np.random.default_rng(3).integers(0, 65536, (48, 32), dtype=np.uint16)
NOISE_12 = (NOISE >> 4).astype(np.uint16)


def needs(*programs):
    lacking = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(bool(lacking), reason=f"needs {', '.join(lacking)} (apt-get install dcmtk ffmpeg)")


def read(tmp_path, dataset, **options):
    return read_radiograph(save(tmp_path / "a.dcm", dataset), **options)


def refused(tmp_path, dataset, **options):
    with pytest.raises(UnreadableError) as error:
        read(tmp_path, dataset, **options)
    return str(error.value)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_p_values_keep_their_full_range_whatever_the_file_is_like(tmp_path, bits, photometric, syntax):
    highest = (1 << bits) - 1
    stored = (NOISE >> (16 - bits)).astype(np.uint8 if bits == 8 else np.uint16)
    found = read(tmp_path, radiograph(stored, bits, photometric, syntax))
    expected = stored / highest
    np.testing.assert_allclose(found, 1 - expected if photometric == "MONOCHROME1" else expected, atol=1e-6)
    assert found.dtype == np.float32


def test_a_linear_window_is_that_of_the_standard(tmp_path):
    found = read(tmp_path, radiograph(GRADIENT, WindowCenter=20000, WindowWidth=10001))
    expected = np.clip((GRADIENT - 19999.5) / 10000 + 0.5, 0, 1)  # PS3.3, C.11.2.1.2.1
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_linear_exact_and_sigmoid_windows_are_those_of_the_standard(tmp_path):
    exact = read(tmp_path, radiograph(GRADIENT, WindowCenter=20000, WindowWidth=10000, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(exact, np.clip((GRADIENT - 20000.0) / 10000 + 0.5, 0, 1), atol=1e-6)
    curve = read(tmp_path, radiograph(GRADIENT, WindowCenter=20000, WindowWidth=10000, VOILUTFunction="SIGMOID"))
    np.testing.assert_allclose(curve, 1 / (1 + np.exp(-4 * (GRADIENT - 20000.0) / 10000)), atol=1e-6)


def test_the_first_of_several_windows_counts_and_a_lut_comes_before_them(tmp_path):
    made = radiograph(GRADIENT, WindowCenter=[20000, 100], WindowWidth=[10001, 50])
    np.testing.assert_allclose(read(tmp_path, made), np.clip((GRADIENT - 19999.5) / 10000 + 0.5, 0, 1), atol=1e-6)
    table = Dataset()
    table.LUTDescriptor = [4, 10000, 8]
    table.add_new("LUTData", "US", [0, 51, 102, 255])
    made.VOILUTSequence = [table]
    expected = np.array([0, 51, 102, 255])[np.clip(GRADIENT.astype(int) - 10000, 0, 3)] / 255
    np.testing.assert_allclose(read(tmp_path, made), expected, atol=1e-6)


def test_a_window_with_a_stray_comma_is_read(tmp_path):
    path = save(tmp_path / "a.dcm", radiograph(GRADIENT, WindowCenter=20000, WindowWidth=10001))
    path.write_bytes(path.read_bytes().replace(b"20000 ", b"20000,").replace(b"20000.0 ", b"20000.0,"))
    assert b"20000.0," in path.read_bytes() or b"20000," in path.read_bytes()
    np.testing.assert_allclose(read_radiograph(path), np.clip((GRADIENT - 19999.5) / 10000 + 0.5, 0, 1), atol=1e-6)


def test_rescale_comes_before_the_window(tmp_path):
    made = radiograph(GRADIENT, RescaleSlope=0.5, RescaleIntercept=-100, RescaleType="US")
    made.WindowCenter, made.WindowWidth = 9900, 5001
    expected = np.clip((GRADIENT * 0.5 - 100 - 9899.5) / 5000 + 0.5, 0, 1)
    np.testing.assert_allclose(read(tmp_path, made), expected, atol=1e-6)


def test_signed_values_and_overlay_bits_above_the_stored_ones_are_read_as_stored(tmp_path):
    signed = (NOISE_12.astype(np.int16) - 2048).astype(np.int16)
    np.testing.assert_allclose(read(tmp_path, radiograph(signed, 12, signed=True)), NOISE_12 / 4095, atol=1e-6)
    with_overlay = NOISE_12 | np.uint16(0x8000)
    np.testing.assert_allclose(read(tmp_path, radiograph(with_overlay, 12)), NOISE_12 / 4095, atol=1e-6)


def test_stored_bits_may_lie_at_the_top_of_the_allocated_ones(tmp_path):
    made = radiograph((NOISE_12 << 4).astype(np.uint16), 12)
    made.HighBit = 15
    np.testing.assert_allclose(read(tmp_path, made), NOISE_12 / 4095, atol=1e-6)


@pytest.mark.parametrize("lacking", ["PixelRepresentation", "SamplesPerPixel", "HighBit"])
def test_what_can_only_be_one_thing_may_be_missing(tmp_path, lacking):
    made = radiograph(NOISE_12, 12)
    del made[lacking]
    np.testing.assert_allclose(read(tmp_path, made), NOISE_12 / 4095, atol=1e-6)


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 100, "WindowWidth": 0},
        {"WindowCenter": 100, "WindowWidth": -5},
        {"WindowCenter": 100},
        {"WindowWidth": 100},
        {"WindowCenter": "", "WindowWidth": ""},
        {"VOILUTSequence": []},
    ],
)
def test_a_window_that_is_none_counts_as_absent(tmp_path, window):
    np.testing.assert_allclose(read(tmp_path, radiograph(NOISE_12, 12, **window)), NOISE_12 / 4095, atol=1e-6)


def test_a_number_of_frames_of_zero_means_one(tmp_path):
    np.testing.assert_allclose(read(tmp_path, radiograph(NOISE_12, 12, NumberOfFrames=0)), NOISE_12 / 4095, atol=1e-6)


def test_without_window_and_p_values_percentiles_are_cut_and_padding_does_not_count(tmp_path):
    stored = np.where(np.arange(48)[:, None] < 8, 60000, 1000 + GRADIENT // 64).astype(np.uint16)
    made = radiograph(stored, PixelPaddingValue=60000)
    del made.PresentationLUTShape
    found = read(tmp_path, made)
    assert (found[:8] == 0).all()  # padding is black
    low, high = np.percentile(stored[8:], (0.5, 99.5))
    np.testing.assert_allclose(found[8:], np.clip((stored[8:] - low) / (high - low), 0, 1), atol=1e-6)
    np.testing.assert_allclose(read(tmp_path, made, window="full")[8:], stored[8:] / 65535, atol=1e-6)


def test_what_lies_outside_the_shutter_is_black_and_does_not_count(tmp_path):
    edges = {"ShutterUpperHorizontalEdge": 9, "ShutterLowerHorizontalEdge": 48}
    edges |= {"ShutterLeftVerticalEdge": 1, "ShutterRightVerticalEdge": 32}
    found = read(tmp_path, radiograph(NOISE, ShutterShape="RECTANGULAR", **edges))
    assert (found[:8] == 0).all()
    np.testing.assert_allclose(found[8:], NOISE[8:] / 65535, atol=1e-6)


def test_round_and_many_cornered_shutters_hide_what_lies_outside(tmp_path):
    rows, columns = np.mgrid[1:49, 1:33]
    circle = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [24, 16], "RadiusOfCircularShutter": 10}
    found = read(tmp_path, radiograph(NOISE, **circle))
    inside = (rows - 24) ** 2 + (columns - 16) ** 2 <= 100
    np.testing.assert_allclose(found, np.where(inside, NOISE / 65535, 0), atol=1e-6)
    corners = [10, 5, 10, 25, 40, 25, 40, 5]  # row, column of each
    found = read(tmp_path, radiograph(NOISE, ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=corners))
    inside = (rows >= 10) & (rows <= 40) & (columns >= 5) & (columns <= 25)
    np.testing.assert_allclose(found, np.where(inside, NOISE / 65535, 0), atol=1e-6)


def test_a_shutter_that_would_hide_everything_is_none(tmp_path):
    edges = ("ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge", "ShutterLeftVerticalEdge")
    closed = dict.fromkeys((*edges, "ShutterRightVerticalEdge"), 0)
    found = read(tmp_path, radiograph(NOISE, ShutterShape="RECTANGULAR", **closed))
    np.testing.assert_allclose(found, NOISE / 65535, atol=1e-6)


def test_padding_that_was_written_without_its_sign_is_known(tmp_path):
    signed = (NOISE_12.astype(np.int16) - 2048).astype(np.int16)
    signed[:8] = -32768
    made = radiograph(signed, 16, signed=True)
    made.add_new("PixelPaddingValue", "US", 32768)
    assert (read(tmp_path, made)[:8] == 0).all()


@pytest.mark.parametrize("slope", ["0", "nan"])
def test_a_slope_that_is_none_is_refused(tmp_path, slope):
    made = radiograph(NOISE, RescaleSlope="7", RescaleIntercept="0")
    path = save(tmp_path / "a.dcm", made)
    wanted = slope.encode().ljust(4)
    made.add_new("RescaleSlope", "DS", "7777")
    path = save(tmp_path / "a.dcm", made)
    path.write_bytes(path.read_bytes().replace(b"7777", wanted))
    with pytest.raises(UnreadableError, match=r"rescale slope|cannot be decoded"):
        read_radiograph(path)


def test_damaged_headers_are_told_and_never_a_traceback(tmp_path):
    whole = save(tmp_path / "whole.dcm", radiograph(NOISE[:8, :8])).read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(400):
        content = bytearray(whole)
        content[int(rng.integers(128, len(whole) - 128))] = int(rng.integers(256))
        (tmp_path / "a.dcm").write_bytes(bytes(content))
        with contextlib.suppress(UnreadableError):  # anything else fails
            read_radiograph(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, r"not grey \(RGB\)"),
        ({"NumberOfFrames": 12}, "holds 12 frames"),
        ({"Rows": 60000, "Columns": 60000}, "claims 60000 x 60000 pixels"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "32 bits allocated"),
        ({"BitsStored": 20}, "claims 20 bits stored of 16"),
    ],
)
def test_what_is_no_single_grey_radiograph_is_refused_from_its_header(tmp_path, change, said):
    made = radiograph(NOISE)
    for name, value in change.items():
        setattr(made, name, value)
    made.PixelData = made.PixelData * change.get("NumberOfFrames", 1)
    assert re.search(said, refused(tmp_path, made))


def test_one_frame_of_several_may_be_named(tmp_path):
    made = radiograph(NOISE)
    made.NumberOfFrames, made.PixelData = 2, NOISE.tobytes() + GRADIENT.tobytes()
    np.testing.assert_allclose(read(tmp_path, made, frame=2), GRADIENT / 65535, atol=1e-6)
    assert "2 frames" in refused(tmp_path, made, frame=3)


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_a_file_that_is_cut_short_is_refused(tmp_path, syntax):
    path = save(tmp_path / "a.dcm", radiograph(NOISE, syntax=syntax))
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UnreadableError, match="cut short"):
        read_radiograph(path)


def test_a_transfer_syntax_that_cannot_be_decoded_is_named_with_its_uid(tmp_path):
    made = radiograph(NOISE, syntax=RLELossless)
    made.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    assert "1.2.840.10008.1.2.4.100 (MPEG2" in refused(tmp_path, made)


def test_a_codec_that_is_not_installed_is_named_with_its_uid_and_the_extra(monkeypatch):
    from ovcf_plugins.datasets.dicom import headers
    from pydicom.pixels.decoders.base import Decoder

    # A stand-in: uninstalling the codecs would take them from every other test.
    monkeypatch.setattr(Decoder, "is_available", property(lambda self: False))
    headers.undecodable.cache_clear()
    said = headers.undecodable(JPEGLSLossless)
    headers.undecodable.cache_clear()
    assert "1.2.840.10008.1.2.4.80" in said
    assert "pip install 'ovcf-bench[dicom]'" in said


def rendered(path, *options):
    """The image as dcmtk draws it, 16 bits."""
    drawn = subprocess.run(["dcm2pnm", "--write-16-bit-pnm", *options, path], capture_output=True, check=True)
    return np.asarray(Image.open(io.BytesIO(drawn.stdout))) / 65535


@needs("dcm2pnm")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("function", ["LINEAR", "SIGMOID"])
def test_windows_are_drawn_as_dcmtk_draws_them(tmp_path, photometric, function):
    made = radiograph(GRADIENT, 16, photometric, WindowCenter=20000, WindowWidth=10000, VOILUTFunction=function)
    path = save(tmp_path / "a.dcm", made)
    np.testing.assert_allclose(read_radiograph(path), rendered(path, "--use-window", "1"), atol=GREY_8)


@needs("dcm2pnm")
@pytest.mark.parametrize("name", ["CT_small", "examples_overlay", "MR_small", "MR_small_RLE", "MR_small_bigendian"])
def test_bundled_files_are_drawn_as_dcmtk_draws_them(name):
    path = BUNDLED / f"{name}.dcm"
    window = "WindowWidth" in pydicom.dcmread(path)
    if not window:
        low, high = np.percentile(decoded_by_dcmtk(path), (0, 100))
        ours = stored_by_us(path)
        np.testing.assert_array_equal((ours.min(), ours.max()), (low, high))
        return
    np.testing.assert_allclose(read_radiograph(path), rendered(path, "--use-window", "1", "-O"), atol=GREY_8)


def stored_by_us(path):
    from ovcf_plugins.datasets.dicom.pixels import _stored  # the decoding step alone

    return _stored(pydicom.dcmread(path), None)


DECODERS = {
    "1.2.840.10008.1.2.5": "dcmdrle",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.4.81": "dcmdjpls",
}
DECODERS |= dict.fromkeys(("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70"), "dcmdjpeg")


def decoded_by_dcmtk(path, tmp_path=None):
    """The stored values as dcmtk decodes them."""
    source = pydicom.dcmread(path)
    program = DECODERS.get(source.file_meta.TransferSyntaxUID)
    plain = path
    if program:
        plain = tmp_path / "plain.dcm"
        subprocess.run([program, path, plain], check=True)
    found = pydicom.dcmread(plain)
    kind = np.dtype(f"{'i' if found.PixelRepresentation else 'u'}{found.BitsAllocated // 8}")
    order = ">" if found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2" else "<"
    values = np.frombuffer(found.PixelData, kind.newbyteorder(order))[: found.Rows * found.Columns]
    return values.reshape(found.Rows, found.Columns).astype(int)


@needs("dcmdrle", "dcmdjpls", "dcmdjpeg")
@pytest.mark.parametrize(
    "name", ["MR_small_RLE", "MR_small_jpeg_ls_lossless", "JPEGLSNearLossless_16", "JPEGLSNearLossless_08"]
)
def test_bundled_compressed_files_are_decoded_as_dcmtk_decodes_them(tmp_path, name):
    path = BUNDLED / f"{name}.dcm"
    np.testing.assert_array_equal(stored_by_us(path), decoded_by_dcmtk(path, tmp_path))


@needs("dcmdrle", "dcmdjpls")
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEGLSNearLossless])
def test_dx_files_are_decoded_as_dcmtk_decodes_them(tmp_path, syntax, bits):
    stored = (GRADIENT >> (16 - bits)).astype(np.uint16)
    made = radiograph(stored, bits)
    options = {"jls_error": 2} if syntax == JPEGLSNearLossless else {}
    made.compress(syntax, generate_instance_uid=False, **options)
    path = save(tmp_path / "a.dcm", made)
    np.testing.assert_array_equal(stored_by_us(path), decoded_by_dcmtk(path, tmp_path))


@needs("dcmcjpeg")
@pytest.mark.parametrize(
    "program", [["dcmcjpeg", "--encode-lossless-sv1"], ["dcmcjpeg", "--encode-lossless"], ["dcmcjpls"]]
)
def test_files_that_dcmtk_compresses_without_loss_come_back_bit_for_bit(tmp_path, program):
    path = save(tmp_path / "plain.dcm", radiograph(NOISE_12, 12))
    subprocess.run([*program, path, tmp_path / "a.dcm"], check=True)
    np.testing.assert_array_equal(stored_by_us(tmp_path / "a.dcm"), NOISE_12)


@needs("ffmpeg")
@pytest.mark.parametrize("name", ["written", "MR_small_jp2klossless"])
def test_jpeg_2000_is_decoded_as_ffmpeg_decodes_it(tmp_path, name):
    written = save(tmp_path / "a.dcm", radiograph(NOISE, syntax=JPEG2000Lossless))
    path = written if name == "written" else BUNDLED / f"{name}.dcm"
    found = pydicom.dcmread(path)
    stream = tmp_path / "a.j2k"
    stream.write_bytes(next(pydicom.encaps.generate_frames(found.PixelData, number_of_frames=1)))
    drawn = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", stream, "-pix_fmt", "gray16le", "-f", "rawvideo", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    theirs = np.frombuffer(drawn, "<u2").reshape(found.Rows, found.Columns).astype(int)
    ours = stored_by_us(path)
    # ffmpeg gives signed samples an offset of half the range.
    np.testing.assert_array_equal(ours, theirs - 32768 if found.PixelRepresentation else theirs)
