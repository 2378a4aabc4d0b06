"""Poses behind a homography, and which of them put the points in front of both cameras."""

from __future__ import annotations

import cv2
import numpy as np

from ..types import BoolArray, DoubleArray, Pose
from .rotation import unit_rays


def plane_poses(H: DoubleArray, K: DoubleArray, points: DoubleArray) -> list[Pose]:
    """The poses T_current_reference (unit translation) with which a visible plane gives this homography: none, one or two.

    points: (N, 2) undistorted pixels of the reference image that lie on the plane. Of the four decompositions (Malis and Vargas,
    INRIA RR-6303, 2007), those that would put most of the points behind the camera are dropped.
    """
    # The sign of a homography is free; only with a positive determinant do the decompositions describe a plane seen from one side.
    _, rotations, translations, normals = cv2.decomposeHomographyMat(H * np.sign(np.linalg.det(H)), K)
    rays = unit_rays(points, K)
    poses: list[Pose] = []
    for rotation, translation, normal in zip(rotations, translations, normals, strict=True):
        length = float(np.linalg.norm(translation))
        visible = (rays @ normal.ravel() > 0.0).mean() > 0.5
        if visible and length > 1e-9 and np.isfinite(rotation).all():
            poses.append(Pose(np.array(rotation, np.float64), np.array(translation, np.float64).ravel() / length))
    return poses


def in_front(pose: Pose, rays_reference: DoubleArray, rays_current: DoubleArray) -> BoolArray:
    """(N,) bool: whether the point where two (N, 3) unit rays meet lies in front of both cameras.

    Rays that are parallel within the noise say nothing; they count as in front where they point the same way.
    """
    rotated = rays_reference @ pose.rotation.T
    cosine = (rotated * rays_current).sum(axis=1)
    along_reference, along_current = rotated @ pose.translation, rays_current @ pose.translation
    # Depths of the midpoint triangulation times sin^2 of the angle between the rays, which is never negative.
    depth_reference = cosine * along_current - along_reference
    depth_current = along_current - cosine * along_reference
    parallel = 1.0 - cosine < 1e-9
    return np.asarray(((depth_reference > 0.0) & (depth_current > 0.0)) | (parallel & (cosine > 0.0)))


def median_parallax(rotation: DoubleArray, rays_reference: DoubleArray, rays_current: DoubleArray) -> float:
    """Median angle in degrees between (N, 3) unit rays after the rotation is removed; NaN without rays."""
    if len(rays_reference) == 0:
        return float("nan")
    chord = np.linalg.norm(rays_reference @ rotation.T - rays_current, axis=1)
    return float(np.degrees(np.median(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)))))
