"""Rotation matrices, made exact or exchanged for quaternions."""

from __future__ import annotations

import numpy as np

from superpoint_ros.types import DoubleArray


def nearest_rotation(matrix: DoubleArray) -> DoubleArray:
    """The (3, 3) rotation with the smallest Frobenius distance to any (3, 3) matrix."""
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt, np.float64)


def rotation_to_quaternion(rotation: DoubleArray) -> DoubleArray:
    """(4,) unit quaternion (x, y, z, w), w >= 0, of a rotation matrix (3, 3)."""
    # Each candidate row is the quaternion times four times one of its components: the longest is the best conditioned.
    r = rotation
    trace = r[0, 0] + r[1, 1] + r[2, 2]
    products = np.array(
        [
            [1 + 2 * r[0, 0] - trace, r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[0, 1] + r[1, 0], 1 + 2 * r[1, 1] - trace, r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], 1 + 2 * r[2, 2] - trace, r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + trace],
        ]
    )
    quaternion = products[int(np.argmax(np.diag(products)))]
    quaternion = quaternion / np.linalg.norm(quaternion)
    return np.asarray(-quaternion if quaternion[3] < 0 else quaternion, np.float64)


def quaternion_to_rotation(quaternion: DoubleArray) -> DoubleArray:
    """(3, 3) rotation matrix of a quaternion (x, y, z, w) of any length but zero."""
    x, y, z, w = np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
