"""The rotation between two images of a camera that only turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.matching.correspondences import Correspondences
from superpoint_ros.matching.residuals import transfer_errors
from superpoint_ros.rotations import nearest_rotation
from superpoint_ros.types import DoubleArray

_ITERATIONS = 5


@dataclass(frozen=True)
class Rays:
    """The matches as (N, 3) rays of unit length, each in the frame of its own camera."""

    reference: DoubleArray
    current: DoubleArray

    @staticmethod
    def of(points: Correspondences, K: DoubleArray) -> Rays:
        """Rays of all usable matches."""
        return Rays(unit_rays(points.reference, K), unit_rays(points.current, K))


def fit_rotation(
    H: DoubleArray, K: DoubleArray, points: Correspondences, rays: Rays, max_error: float
) -> tuple[DoubleArray, DoubleArray]:
    """The rotation R nearest to all matches that K R K^-1 explains, starting from a homography that a robust estimator found.

    Returns R (3, 3) and the (N,) squared transfer errors of its homography in pixels^2.
    """
    inverse = np.linalg.inv(K)
    rotation = nearest_rotation(inverse @ H @ K)
    errors = transfer_errors(K @ rotation @ inverse, points.reference, points.current)
    inliers = errors < max_error**2
    for _ in range(_ITERATIONS):
        if inliers.sum() < 3:
            break
        # Kabsch: the rotation that best maps one bundle of rays onto the other.
        rotation = nearest_rotation(rays.current[inliers].T @ rays.reference[inliers])
        errors = transfer_errors(K @ rotation @ inverse, points.reference, points.current)
        before, inliers = inliers, errors < max_error**2
        if np.array_equal(before, inliers):
            break
    return rotation, errors


def unit_rays(points: DoubleArray, K: DoubleArray) -> DoubleArray:
    """(N, 2) undistorted pixels -> (N, 3) rays of unit length in the camera frame."""
    rays = np.ones((len(points), 3))
    rays[:, :2] = (points - K[:2, 2]) / (K[0, 0], K[1, 1])
    return np.asarray(rays / np.sqrt((rays**2).sum(axis=1, keepdims=True)))
