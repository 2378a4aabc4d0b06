"""How far matches are from a motion model, in pixels."""

from __future__ import annotations

import numpy as np

from superpoint_ros.types import DoubleArray


def homogeneous(points: DoubleArray) -> DoubleArray:
    """(N, 2) -> (N, 3) with z = 1."""
    return np.column_stack([points, np.ones(len(points))])


def cross_matrix(vector: DoubleArray) -> DoubleArray:
    """[v]x, so that [v]x w = v x w."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def essential_matrix(rotation: DoubleArray, translation: DoubleArray) -> DoubleArray:
    """E = [t]x R of unit t."""
    return cross_matrix(translation) @ rotation


def fundamental_matrix(essential: DoubleArray, K: DoubleArray) -> DoubleArray:
    """F between pixels of two images of the camera K."""
    inverse = np.linalg.inv(K)
    return inverse.T @ essential @ inverse


def transfer_errors(H: DoubleArray, reference: DoubleArray, current: DoubleArray) -> DoubleArray:
    """(N,) squared error of x_current ~ H x_reference in pixels^2: the mean over the two images; inf behind the camera.

    A singular H explains nothing: all errors are infinite.

    With noise of variance s^2 in each coordinate of both images it is about 2 s^2 chi^2(2).
    """
    try:
        inverse = np.asarray(np.linalg.inv(H), np.float64)
    except np.linalg.LinAlgError:
        return np.full(len(reference), np.inf)
    forward = _transfer(H, reference) - current
    backward = _transfer(inverse, current) - reference
    squared = 0.5 * ((forward**2).sum(axis=1) + (backward**2).sum(axis=1))
    return np.where(np.isfinite(squared), squared, np.inf)


def _transfer(H: DoubleArray, points: DoubleArray) -> DoubleArray:
    mapped = homogeneous(points) @ H.T
    depth = np.where(mapped[:, 2] > 1e-9, mapped[:, 2], np.nan)
    return mapped[:, :2] / depth[:, None]


def sampson_errors(F: DoubleArray, reference: DoubleArray, current: DoubleArray) -> DoubleArray:
    """(N,) squared Sampson distance in pixels^2 (Hartley & Zisserman, Multiple View Geometry, eq. 11.9): about s^2 chi^2(1)."""
    algebraic, gradient = epipolar_terms(F, reference, current)
    return algebraic**2 / np.maximum(gradient, 1e-300) ** 2


def epipolar_terms(F: DoubleArray, reference: DoubleArray, current: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """x_current^T F x_reference and the length of its gradient with respect to the four coordinates, each (N,)."""
    a, b = homogeneous(reference), homogeneous(current)
    lines_current, lines_reference = a @ F.T, b @ F
    algebraic = (b * lines_current).sum(axis=1)
    gradient = np.sqrt((lines_current[:, :2] ** 2).sum(axis=1) + (lines_reference[:, :2] ** 2).sum(axis=1))
    return algebraic, gradient
