"""Interest points of an image, and the targets of the detector that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.features.image import CELL
from superpoint_ros.types import FloatArray


@dataclass(frozen=True)
class InterestPoints:
    """corners: (N, 2) float32 in pixels, best first. confidence: (N,) float32, 0 to 1: share of random views that show them."""

    corners: FloatArray
    confidence: FloatArray


def splat(points: FloatArray, weights: FloatArray, height: int, width: int) -> FloatArray:
    """(H, W) float32: the weight (N,) of each point (N, 2), shared by the four pixels around it, the nearer the more (bilinear).

    Points that are not finite are ignored, as is what falls outside the image.
    """
    finite = np.isfinite(points).all(axis=1)
    before = np.floor(points[finite])
    after = points[finite] - before
    image = np.zeros((height, width), np.float32)
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        share = np.abs(1 - right - after[:, 0]) * np.abs(1 - down - after[:, 1])
        x, y = (before + np.array([right, down])).T
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        np.add.at(image, (y[seen].astype(np.int64), x[seen].astype(np.int64)), (weights[finite] * share)[seen])
    return image


def detector_target(points: InterestPoints, height: int, width: int) -> FloatArray:
    """(H, W) float32: how probable it is that an interest point lies on each pixel, what the heat map should be.

    A point is shared by the pixels around it, so that their mean place is where it lies; the paper's one pixel per cell (section
    3.4) is up to half a pixel off. Points of a cell that together have more than certainty share it.
    """
    heat = splat(points.corners, points.confidence, height, width)
    cells = heat.reshape(height // CELL, CELL, width // CELL, CELL)
    cells /= np.maximum(cells.sum(axis=(1, 3), keepdims=True), 1.0)
    return heat
