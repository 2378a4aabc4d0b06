"""Matches between two cameras as one ideal camera would see them, so that an error in pixels means the same for every lens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.matching.camera_model import normalize_points
from superpoint_ros.types import BoolArray, Camera, DoubleArray


class OneCamera(NamedTuple):
    """usable: (M,) bool, matches whose keypoints both have a ray. first, second: (N, 2) undistorted pixels of those."""

    usable: BoolArray
    first: DoubleArray
    second: DoubleArray
    camera: Camera


def in_one_camera(a: NDArray[np.floating], b: NDArray[np.floating], first: Camera, second: Camera) -> OneCamera:
    """Matched pixels (M, 2) of the first and the second camera; the ideal one has the mean of their focal lengths.

    Raises DataError where the intrinsics are unusable.
    """
    x, y = normalize_points(a, first), normalize_points(b, second)
    usable = np.asarray(np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1))
    focal = (first.fx + first.fy + second.fx + second.fy) / 4.0
    size = max(first.width, second.width), max(first.height, second.height)
    return OneCamera(usable, focal * x[usable], focal * y[usable], Camera(*size, focal, focal, 0.0, 0.0))
