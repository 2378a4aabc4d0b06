"""How uncertain a chained pose is: the covariances of its steps, propagated to first order."""

from __future__ import annotations

import numpy as np

from superpoint_ros.types import DoubleArray, Pose, TwoViewGeometry


def step_covariance(before: Pose, after: Pose, geometry: TwoViewGeometry, scale_known: bool) -> DoubleArray:
    """(6, 6) covariance of (position, rotation vector) that one step adds, about the axes of the world.

    before, after: T_world_camera of the reference and the current image of the geometry. An error w of its rotation
    (exp(w) R_current_reference) and d of its direction move the new pose by -R d |p| + p x R w and turn it by -R w, with
    R = R_world_current and p the step in the world. Where the scale is not known, the length of a step is as uncertain as
    it is long.
    """
    position = after.translation - before.translation
    length = float(np.linalg.norm(position))
    rotation = after.rotation
    jacobian = np.zeros((6, 6))
    jacobian[:3, :3] = _cross(position) @ rotation
    jacobian[:3, 3:] = -length * rotation
    jacobian[3:, :3] = -rotation
    known = geometry.covariance if geometry.covariance is not None else np.zeros((6, 6))
    covariance: DoubleArray = jacobian @ known @ jacobian.T
    if not scale_known:
        covariance[:3, :3] += np.outer(position, position)
    return covariance


def add_step(covariance: DoubleArray, before: Pose, after: Pose, step: DoubleArray) -> DoubleArray:
    """Covariance of the pose after a step: an error in the orientation before it swings the step around."""
    transport = np.eye(6)
    transport[:3, 3:] = -_cross(after.translation - before.translation)
    return np.asarray(transport @ covariance @ transport.T + step)


def _cross(v: DoubleArray) -> DoubleArray:
    """The matrix that multiplies as ``v x``."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
