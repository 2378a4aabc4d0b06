"""Interest points of an image, and the targets of the detector that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.features.network import CELL, DUSTBIN
from superpoint_ros.types import FloatArray


@dataclass(frozen=True)
class InterestPoints:
    """corners: (N, 2) float32 in pixels, best first. confidence: (N,) float32, 0 to 1: share of random views that show them."""

    corners: FloatArray
    confidence: FloatArray


@dataclass(frozen=True)
class DetectorTarget:
    """index: (H/8, W/8) int64, where in its cell the interest point is, 0…63, or 64 for none (paper, section 3.4).

    confidence: (H/8, W/8) float32, the probability of that class; the rest is that of none.
    """

    index: NDArray[np.int64]
    confidence: FloatArray


def detector_target(points: InterestPoints, height: int, width: int) -> DetectorTarget:
    """The first point of the list wins a cell that holds several. Points outside the image or not finite are ignored."""
    index = np.full((height // CELL, width // CELL), DUSTBIN, np.int64)
    confidence = np.ones(index.shape, np.float32)
    finite = np.isfinite(points.corners).all(axis=1)
    pixels = np.rint(points.corners[finite][::-1]).astype(np.int64)
    seen = ((pixels >= 0) & (pixels < [width, height])).all(axis=1)
    x, y = pixels[seen].T
    index[y // CELL, x // CELL] = (y % CELL) * CELL + x % CELL
    confidence[y // CELL, x // CELL] = points.confidence[finite][::-1][seen]
    return DetectorTarget(index, confidence)
