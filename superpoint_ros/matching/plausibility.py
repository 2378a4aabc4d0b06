"""Whether matches that fit an epipolar line could be real points: in front of both cameras, and not right before the lens.

A wrong match falls on its epipolar line by chance in one or two cases of a hundred. Most of those would need a point behind a
camera or far closer than all others, and such a point, if believed, has more weight in the pose than a hundred good ones.
"""

from __future__ import annotations

import numpy as np

from superpoint_ros.types import BoolArray, DoubleArray, Pose

_MAX_PARALLAX_RATIO = 10.0
"""Parallax of a believable point in units of the median: one a tenth as far away as the scene."""


def ray_angles(rotation: DoubleArray, rays_reference: DoubleArray, rays_current: DoubleArray) -> DoubleArray:
    """(N,) parallax in degrees: angles between (N, 3) unit rays after the rotation is removed."""
    return _angles(rays_reference @ rotation.T, rays_current)


def _angles(a: DoubleArray, b: DoubleArray) -> DoubleArray:
    step = a - b
    chord = np.sqrt((step * step).sum(axis=1))
    return np.asarray(np.degrees(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))))


def in_front(pose: Pose, rays_reference: DoubleArray, rays_current: DoubleArray) -> BoolArray:
    """(N,) bool: whether the point where two (N, 3) unit rays meet lies in front of both cameras."""
    depth_reference, depth_current = _depths(pose, rays_reference @ pose.rotation.T, rays_current)
    return np.asarray((depth_reference > 0.0) & (depth_current > 0.0))


def _depths(pose: Pose, rotated: DoubleArray, rays_current: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Depths of the midpoint triangulation in both cameras, times sin^2 of the angle between the rays, which is never negative.

    rotated: rays of the reference along the axes of the current camera.
    """
    cosine = (rotated * rays_current).sum(axis=1)
    along_reference, along_current = rotated @ pose.translation, rays_current @ pose.translation
    return cosine * along_current - along_reference, along_current - cosine * along_reference


def face_points(
    pose: Pose, rays_reference: DoubleArray, rays_current: DoubleArray, inliers: BoolArray, noise: float
) -> tuple[Pose, BoolArray]:
    """The pose or the one with the opposite translation, and which matches can be points that a camera with that motion sees.

    The epipolar error of both is the same; the points are in front of the cameras of one.

    rays_reference, rays_current: (N, 3) unit rays. inliers: (N,) bool, the matches that decide about the side and the scale.
    noise: degrees of parallax that may be none; points with less are plausible, for they may be infinitely far away.
    """
    rotated = rays_reference @ pose.rotation.T
    angles = _angles(rotated, rays_current)
    depth_reference, depth_current = _depths(pose, rotated, rays_current)
    ahead, behind = (depth_reference > 0.0) & (depth_current > 0.0), (depth_reference < 0.0) & (depth_current < 0.0)
    # A vote in which points count by their parallax: the sign of distant ones is noise.
    if angles[behind & inliers].sum() > angles[ahead & inliers].sum():
        pose, ahead = Pose(pose.rotation, -pose.translation), behind
    median = float(np.median(angles[inliers])) if inliers.any() else 0.0
    return pose, (ahead | (angles < noise)) & (angles < _MAX_PARALLAX_RATIO * max(median, noise))
