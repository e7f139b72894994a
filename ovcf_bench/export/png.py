"""Images as PNG of 16 bits: lossless."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ovcf_bench.images import Pixels16

_COMPRESSION = 4  # of 9: beyond, noise of 16 bits costs time and saves nothing
_START, _END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True)
class Png:
    """The PNG form (`Form`)."""

    suffix: str = ".png"
    words: str = "png 16"

    def encode(self, image: Pixels16, row: Mapping[str, Any]) -> bytes:
        """Return the file of an image."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="PNG", compress_level=_COMPRESSION)
        return buffer.getvalue()

    def is_whole(self, path: Path) -> bool:
        """Whether the file is there from its first to its last bytes."""
        try:
            with path.open("rb") as file:
                start = file.read(len(_START))
                file.seek(max(0, path.stat().st_size - len(_END)))
                return (start, file.read()) == (_START, _END)
        except FileNotFoundError:
            return False
