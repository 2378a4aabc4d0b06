"""Corner positions → detector targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.features.network import CELL, DUSTBIN
from superpoint_ros.types import FloatArray


def detector_target(corners: FloatArray, height: int, width: int) -> NDArray[np.int64]:
    """(N, 2) corners in pixels → (H/8, W/8) int64, per cell the index 0…63 of its corner or 64 for none (paper, section 3.4).

    The first corner of the list wins a cell that holds several. Corners outside the image are ignored.
    """
    target = np.full((height // CELL, width // CELL), DUSTBIN, np.int64)
    pixels = np.rint(corners[::-1]).astype(np.int64)
    x, y = pixels[((pixels >= 0) & (pixels < [width, height])).all(axis=1)].T
    target[y // CELL, x // CELL] = (y % CELL) * CELL + x % CELL
    return target
