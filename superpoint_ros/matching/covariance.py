"""How exact a relative pose is, from the curvature of the residuals at the solution."""

from __future__ import annotations

import numpy as np

from superpoint_ros.matching.residuals import epipolar_terms, essential_matrix, fundamental_matrix, homogeneous
from superpoint_ros.types import DoubleArray, Pose

UNKNOWN_DIRECTION = np.eye(3) / 3.0
"""Covariance of a unit vector of which nothing is known, about its mean 0: that of the uniform distribution on the sphere."""


def relative_pose_covariance(
    pose: Pose, K: DoubleArray, reference: DoubleArray, current: DoubleArray, noise: float
) -> DoubleArray | None:
    """(6, 6) covariance in rad^2 of (rotation vector, translation direction); None where the inliers do not determine it.

    The rotation vector w is that of exp(w) R, i.e. about the axes of the current camera. The direction has two degrees of
    freedom, so that the last three rows and columns have rank two: no variance along the translation itself.

    Gauss-Newton: noise^2 (J^T J)^-1 with J the Jacobian of the Sampson distances in pixels. Their denominators are held fixed,
    which is exact where the residual is zero. What the matches have in common, such as a wrong calibration, is not in it.

    reference, current: (N, 2) undistorted pixels of the inliers. noise: of one coordinate, in pixels.
    """
    if len(reference) < 6:
        return None
    R, t = pose.rotation, pose.translation
    inverse = np.linalg.inv(K)
    a, b = homogeneous(reference) @ inverse.T @ R.T, homogeneous(current) @ inverse.T
    _, gradient = epipolar_terms(fundamental_matrix(essential_matrix(R, t), K), reference, current)
    basis = tangent_basis(t)
    # b . (t x (exp(w) a)): its derivatives are a x (b x t) for w and a x b for t.
    jacobian = np.column_stack([np.cross(a, np.cross(b, t)), np.cross(a, b) @ basis]) / gradient[:, None]
    tangent = _inverse(jacobian.T @ jacobian)
    if tangent is None:
        return None
    embed = np.zeros((6, 5))
    embed[:3, :3] = np.eye(3)
    embed[3:, 3:] = basis
    return np.asarray(noise**2 * embed @ tangent @ embed.T)


def rotation_covariance(
    rotation: DoubleArray, K: DoubleArray, reference: DoubleArray, current: DoubleArray, noise: float
) -> DoubleArray | None:
    """The same of a camera that only turned: nothing is known of the translation direction."""
    if len(reference) < 2:
        return None
    rays = homogeneous(reference) @ (rotation @ np.linalg.inv(K)).T
    x, y, z = rays.T
    zero = np.zeros_like(z)
    # d(pixel)/d(ray) and, as d(exp(w) ray)/dw = -[ray]x, the rows of d(pixel)/dw.
    du = np.column_stack([K[0, 0] / z, zero, -K[0, 0] * x / z**2])
    dv = np.column_stack([zero, K[1, 1] / z, -K[1, 1] * y / z**2])
    jacobian = np.vstack([np.cross(rays, du), np.cross(rays, dv)])
    tangent = _inverse(jacobian.T @ jacobian)
    if tangent is None:
        return None
    covariance = np.zeros((6, 6))
    # A transfer error has the noise of both images.
    covariance[:3, :3] = 2.0 * noise**2 * tangent
    covariance[3:, 3:] = UNKNOWN_DIRECTION
    return covariance


def tangent_basis(direction: DoubleArray) -> DoubleArray:
    """(3, 2) orthonormal columns orthogonal to a unit vector."""
    _, _, vt = np.linalg.svd(direction[None, :])
    return np.ascontiguousarray(vt[1:].T)


def _inverse(information: DoubleArray) -> DoubleArray | None:
    if not np.isfinite(information).all() or np.linalg.cond(information) > 1e14:
        return None
    return np.asarray(np.linalg.inv(information), np.float64)
