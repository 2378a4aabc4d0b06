"""Poses behind a homography."""

from __future__ import annotations

import cv2
import numpy as np

from superpoint_ros.matching.rotation import unit_rays
from superpoint_ros.types import DoubleArray, Pose


def plane_poses(H: DoubleArray, K: DoubleArray, points: DoubleArray) -> list[Pose]:
    """The poses T_current_reference (unit translation) with which a visible plane gives this homography: none, one or two.

    points: (N, 2) undistorted pixels of the reference image that lie on the plane. Of the four decompositions (Malis and Vargas,
    INRIA RR-6303, 2007), those that would put most of the points behind the camera are dropped.
    """
    if len(points) == 0:
        return []
    # The sign of a homography is free; with a positive determinant both cameras are on the same side of the plane.
    _, rotations, translations, normals = cv2.decomposeHomographyMat(H * np.sign(np.linalg.det(H)), K)
    rays = unit_rays(points, K)
    poses: list[Pose] = []
    for rotation, translation, normal in zip(rotations, translations, normals, strict=True):
        length = float(np.linalg.norm(translation))
        visible = (rays @ normal.ravel() > 0.0).mean() > 0.5
        if visible and length > 1e-9 and np.isfinite(rotation).all():
            poses.append(Pose(np.array(rotation, np.float64), np.array(translation, np.float64).ravel() / length))
    return poses
