"""Images that stand in the page itself: as PNG in data URIs."""

from __future__ import annotations

import base64
from typing import Any

import numpy.typing as npt

from saegim.data.grids import png

Array = npt.NDArray[Any]


def data_uri(picture: Array) -> str:
    """A picture (H, W, channels) uint8 as the address of itself."""
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
