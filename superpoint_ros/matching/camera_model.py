"""Pixels of a real camera <-> rays: the distortion models of sensor_msgs/CameraInfo.

``plumb_bob`` is k1 k2 p1 p2 [k3], ``rational_polynomial`` k1 k2 p1 p2 k3 k4 k5 k6 (both Brown-Conrady, OpenCV's ``calib3d``),
``equidistant`` the four coefficients of Kannala-Brandt, OpenCV's ``fisheye``.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.types import Camera, DoubleArray

_COEFFICIENTS: dict[str, tuple[int, ...]] = {
    "pinhole": (0,),
    "plumb_bob": (0, 4, 5),
    "rational_polynomial": (8,),
    "equidistant": (4,),
}
# The defaults of OpenCV (5 and 10 iterations) leave errors of tenths of a pixel at the corners of wide lenses.
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
_TOLERANCE = 0.01
"""Pixels by which an undistorted point may miss its pixel when projected again."""


def check_camera(camera: Camera) -> None:
    """Raise DataError where no ray can be computed with these intrinsics."""
    values = (camera.fx, camera.fy, camera.cx, camera.cy, *camera.distortion)
    if not all(math.isfinite(value) for value in values):
        raise DataError(f"the camera intrinsics contain a value that is not finite: {values}; calibrate the camera")
    if camera.fx <= 0.0 or camera.fy <= 0.0:
        raise DataError(f"the focal length must be positive, got fx={camera.fx} fy={camera.fy}; calibrate the camera")
    if camera.model not in _COEFFICIENTS:
        raise DataError(f"unknown distortion model {camera.model!r}; known are {', '.join(_COEFFICIENTS)}")
    # Drivers pad unused coefficients of a pinhole camera with zeros.
    count = len(camera.distortion) if any(camera.distortion) or camera.model != "pinhole" else 0
    if count not in _COEFFICIENTS[camera.model]:
        wanted = " or ".join(str(n) for n in _COEFFICIENTS[camera.model])
        raise DataError(f"distortion model {camera.model!r} has {wanted} coefficients, got {count}: {camera.distortion}")


def is_distorted(camera: Camera) -> bool:
    """Whether straight lines are bent: an equidistant camera always bends them, others with a coefficient that is not zero."""
    return camera.model == "equidistant" or any(camera.distortion)


def normalize_points(points: NDArray[np.floating], camera: Camera) -> DoubleArray:
    """Undistorted points on the plane z = 1 of the camera frame: (N, 2) pixels -> (N, 2) float64.

    A point that no ray of the model projects to becomes NaN. Raises DataError where the intrinsics are unusable.
    """
    check_camera(camera)
    pixels = np.ascontiguousarray(points, np.float64).reshape(-1, 2)
    if len(pixels) == 0:
        return pixels.copy()
    if not is_distorted(camera):
        return (pixels - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    coefficients = np.array(camera.distortion)
    if camera.model == "equidistant":
        rays = cv2.fisheye.undistortPoints(pixels[:, None], camera.matrix, coefficients, criteria=_STOP)
    else:
        rays = cv2.undistortPointsIter(pixels[:, None], camera.matrix, coefficients, np.eye(3), np.eye(3), _STOP)
    rays = np.asarray(rays, np.float64).reshape(-1, 2)
    missed = np.abs(_project(rays, camera) - pixels).max(axis=1)
    rays[~(missed < _TOLERANCE)] = np.nan
    return rays


def _project(rays: DoubleArray, camera: Camera) -> DoubleArray:
    """Pixels of points on the plane z = 1."""
    zero, coefficients = np.zeros(3), np.array(camera.distortion)
    points = np.column_stack([rays, np.ones(len(rays))])[:, None]
    project = cv2.fisheye.projectPoints if camera.model == "equidistant" else cv2.projectPoints
    return np.asarray(project(points, zero, zero, camera.matrix, coefficients)[0], np.float64).reshape(-1, 2)


def undistort_points(points: NDArray[np.floating], camera: Camera) -> DoubleArray:
    """Where the points would lie in the image of an ideal pinhole camera with the same K: (N, 2) pixels -> (N, 2) float64."""
    return normalize_points(points, camera) * (camera.fx, camera.fy) + (camera.cx, camera.cy)
