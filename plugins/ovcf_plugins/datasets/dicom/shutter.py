"""Where an image is, and not padding or what a shutter hides. Source: DICOM PS3.3, C.7.5.1.1.2 and C.7.6.11."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Bools = npt.NDArray[np.bool_]
_EDGES = ("ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge", "ShutterLeftVerticalEdge",
          "ShutterRightVerticalEdge")  # fmt: skip


def image_mask(dataset: Any, stored: npt.NDArray[np.int32]) -> Bools:
    """Return where there is an image, (H, W). A shutter that would hide everything is none."""
    # Outside is black, whatever the exposure: it would move every percentile of a window (PS3.3 C.7.6.11).
    seen = _inside_shutters(dataset, stored.shape[0], stored.shape[1])
    if not seen.any():
        seen = np.ones(stored.shape, dtype=np.bool_)
    padding = dataset.get("PixelPaddingValue")
    if padding in (None, ""):
        return seen
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [_as_stored(dataset, int(value)) for value in (padding, padding if limit in (None, "") else limit)]
    return seen & ((stored < min(ends)) | (stored > max(ends)))


def _as_stored(dataset: Any, value: int) -> int:
    """Return a padding value with the sign of the pixels: some files write it without."""
    bits = int(dataset.BitsAllocated)
    return value - (1 << bits) if int(dataset.PixelRepresentation) == 1 and value >= 1 << (bits - 1) else value


def _inside_shutters(dataset: Any, height: int, width: int) -> Bools:
    """Return what all shutters of the file leave open."""
    shapes = str(dataset.get("ShutterShape", ""))
    seen = np.ones((height, width), dtype=np.bool_)
    rows, columns = np.ogrid[1 : height + 1, 1 : width + 1]
    if "RECTANGULAR" in shapes and all(dataset.get(edge) not in (None, "") for edge in _EDGES):
        top, bottom, left, right = (int(dataset.get(edge)) for edge in _EDGES)
        seen &= (rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)
    center, radius = dataset.get("CenterOfCircularShutter"), dataset.get("RadiusOfCircularShutter")
    if "CIRCULAR" in shapes and center and radius:
        seen &= (rows - int(center[0])) ** 2 + (columns - int(center[1])) ** 2 <= int(radius) ** 2
    corners = dataset.get("VerticesOfThePolygonalShutter")
    if "POLYGONAL" in shapes and corners and len(corners) >= 6:
        drawn = Image.new("1", (width, height))
        # DICOM counts rows and columns from 1, and names the row first (PS3.3 C.7.6.11).
        points = [(int(column) - 1, int(row) - 1) for row, column in zip(corners[::2], corners[1::2], strict=False)]
        ImageDraw.Draw(drawn).polygon(points, fill=1)
        seen &= np.asarray(drawn, dtype=np.bool_)
    return seen
