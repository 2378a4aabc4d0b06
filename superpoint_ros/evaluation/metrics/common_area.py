"""Which keypoints both images of a pair see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import BoolArray, DoubleArray

Points = NDArray[np.floating]
"""(N, 2) x and y in pixels; pixel centres have integer coordinates."""
Size = tuple[int, int]
"""Width and height of an image in pixels."""


def project(homography: NDArray[np.floating], points: Points) -> DoubleArray:
    """(N, 2) points through a homography, in float64; NaN where the third coordinate is not positive: such points lie behind."""
    mapped = np.column_stack([np.asarray(points, np.float64).reshape(-1, 2), np.ones(len(points))]) @ homography.T
    depth = np.where(mapped[:, 2] > 1e-12, mapped[:, 2], np.nan)
    return np.asarray(mapped[:, :2] / depth[:, None], np.float64)


def in_image(points: Points, size: Size) -> BoolArray:
    """(N,) bool: which points lie on the image, whose pixels reach from -0.5 to width - 0.5. NaN lies nowhere."""
    return np.asarray(((points >= -0.5) & (points <= np.array(size) - 0.5)).all(axis=1))


def pairwise_distances(a: Points, b: Points) -> DoubleArray:
    """(N, M) Euclidean distances; infinite where a point is not finite."""
    difference = np.asarray(a, np.float64)[:, None] - np.asarray(b, np.float64)[None]
    distances = np.sqrt((difference**2).sum(axis=2))
    return np.where(np.isnan(distances), np.inf, distances)
