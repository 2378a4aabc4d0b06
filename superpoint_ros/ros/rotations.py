"""Rotation matrices to quaternion messages and back."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Quaternion
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.rotations import quaternion_to_rotation, rotation_to_quaternion


def quaternion(rotation: NDArray[np.float64]) -> Quaternion:
    """Of a 3x3 rotation matrix, w >= 0."""
    x, y, z, w = rotation_to_quaternion(rotation).tolist()
    return Quaternion(x=x, y=y, z=z, w=w)


def rotation_matrix(q: Quaternion) -> NDArray[np.float64]:
    """Of a quaternion message, normalized first. Raises DataError where it has no length."""
    elements = np.array([q.x, q.y, q.z, q.w])
    if not np.linalg.norm(elements) > 0.0:
        raise DataError(f"quaternion ({q.x}, {q.y}, {q.z}, {q.w}) is no rotation")
    return quaternion_to_rotation(elements)
