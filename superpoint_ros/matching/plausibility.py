"""Whether matches that fit an epipolar line could be real points: in front of both cameras, and not right before the lens.

A wrong match falls on its epipolar line by chance in one or two cases of a hundred. Most of those would need a point behind a
camera or far closer than all others, and such a point, if believed, has more weight in the pose than a hundred good ones.
"""

from __future__ import annotations

import numpy as np

from superpoint_ros.matching.correspondences import Correspondences
from superpoint_ros.matching.rotation import unit_rays
from superpoint_ros.types import BoolArray, Camera, DoubleArray, Pose

_MAX_PARALLAX_RATIO = 10.0
"""Parallax of a believable point in units of the median: one a tenth as far away as the scene."""


def ray_angles(rotation: DoubleArray, rays_reference: DoubleArray, rays_current: DoubleArray) -> DoubleArray:
    """(N,) parallax in degrees: angles between (N, 3) unit rays after the rotation is removed."""
    chord = np.linalg.norm(rays_reference @ rotation.T - rays_current, axis=1)
    return np.asarray(np.degrees(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))))


def in_front(pose: Pose, rays_reference: DoubleArray, rays_current: DoubleArray) -> BoolArray:
    """(N,) bool: whether the point where two (N, 3) unit rays meet lies in front of both cameras."""
    rotated = rays_reference @ pose.rotation.T
    cosine = (rotated * rays_current).sum(axis=1)
    along_reference, along_current = rotated @ pose.translation, rays_current @ pose.translation
    # Depths of the midpoint triangulation times sin^2 of the angle between the rays, which is never negative.
    depth_reference = cosine * along_current - along_reference
    depth_current = along_current - cosine * along_reference
    return np.asarray((depth_reference > 0.0) & (depth_current > 0.0))


def face_points(pose: Pose, points: Correspondences, inliers: BoolArray, camera: Camera) -> Pose:
    """The pose or the one with the opposite translation: the epipolar error is the same, the points are in front of one."""
    rays = unit_rays(points.reference[inliers], camera.matrix), unit_rays(points.current[inliers], camera.matrix)
    opposite = Pose(pose.rotation, -pose.translation)
    # A vote in which points count by their parallax: the sign of distant ones is noise.
    weight = ray_angles(pose.rotation, *rays)
    return opposite if weight[in_front(opposite, *rays)].sum() > weight[in_front(pose, *rays)].sum() else pose


def is_plausible(pose: Pose, points: Correspondences, inliers: BoolArray, camera: Camera, max_error: float) -> BoolArray:
    """(N,) bool: whether a match can be a point that a camera with this motion sees. inliers: those that set the scale.

    Points so far away that noise decides whether they lie in front of the cameras are plausible.
    """
    rays = unit_rays(points.reference, camera.matrix), unit_rays(points.current, camera.matrix)
    angles = ray_angles(pose.rotation, *rays)
    noise = np.degrees(max_error / camera.fx)
    median = float(np.median(angles[inliers])) if inliers.any() else 0.0
    return np.asarray((in_front(pose, *rays) | (angles < noise)) & (angles < _MAX_PARALLAX_RATIO * max(median, noise)))
