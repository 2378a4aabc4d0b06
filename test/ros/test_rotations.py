"""Quaternions and rotation matrices are the same rotations."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import Quaternion
from hypothesis import given
from hypothesis import strategies as st

from superpoint_ros.errors import DataError
from superpoint_ros.ros.rotations import quaternion, rotation_matrix


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_quaternions_and_rotations_agree(elements: list[float]) -> None:
    x, y, z, w = (np.array(elements) / np.linalg.norm(elements)).tolist()
    rotation = rotation_matrix(Quaternion(x=x, y=y, z=z, w=w))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    back = quaternion(rotation)
    assert back.w >= 0
    assert abs(np.dot([x, y, z, w], [back.x, back.y, back.z, back.w])) == pytest.approx(1)


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    half = np.sqrt(0.5)
    rotation = rotation_matrix(Quaternion(x=0.0, y=0.0, z=half, w=half))
    np.testing.assert_allclose(rotation @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_a_quaternion_of_zeros_is_refused() -> None:
    with pytest.raises(DataError, match="is no rotation"):
        rotation_matrix(Quaternion(x=0.0, y=0.0, z=0.0, w=0.0))
