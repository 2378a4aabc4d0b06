"""Rotation matrices to quaternion messages and back."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Quaternion
from numpy.typing import NDArray

from superpoint_ros.errors import DataError


def quaternion(rotation: NDArray[np.float64]) -> Quaternion:
    """Of a 3x3 rotation matrix, w >= 0; the largest of the four elements is found first, so that no sign gets lost near pi."""
    m = rotation
    # Four times the products of the elements (x, y, z, w): the outer product of the quaternion with itself.
    products = np.array(
        [
            [1 + m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]],
            [m[0, 1] + m[1, 0], 1 - m[0, 0] + m[1, 1] - m[2, 2], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]],
            [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], 1 - m[0, 0] - m[1, 1] + m[2, 2], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 1 + m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    q = products[np.argmax(np.diag(products))]
    q = q / (np.linalg.norm(q) if q[3] >= 0 else -np.linalg.norm(q))
    x, y, z, w = q.tolist()
    return Quaternion(x=x, y=y, z=z, w=w)


def rotation_matrix(q: Quaternion) -> NDArray[np.float64]:
    """Of a quaternion message, normalized first. Raises DataError where it has no length."""
    x, y, z, w = np.array([q.x, q.y, q.z, q.w]) / (np.linalg.norm([q.x, q.y, q.z, q.w]) or np.nan)
    if np.isnan(w):
        raise DataError(f"quaternion ({q.x}, {q.y}, {q.z}, {q.w}) is no rotation")
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
