from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superpoint_ros.rotations import nearest_rotation, quaternion_to_rotation, rotation_to_quaternion

VECTORS = st.tuples(*[st.floats(-np.pi, np.pi)] * 3)


def rotation(*vector: float) -> np.ndarray:
    return np.asarray(cv2.Rodrigues(np.array(vector))[0])


@given(VECTORS)
def test_quaternion_round_trip(vector: tuple[float, float, float]) -> None:
    matrix = rotation(*vector)
    quaternion = rotation_to_quaternion(matrix)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)
    assert quaternion[3] >= 0
    np.testing.assert_allclose(quaternion_to_rotation(quaternion), matrix, atol=1e-12)


def test_quaternion_order_is_x_y_z_w() -> None:
    half = np.sqrt(0.5)
    np.testing.assert_allclose(rotation_to_quaternion(rotation(np.pi / 2, 0, 0)), (half, 0, 0, half), atol=1e-12)


@given(VECTORS)
def test_the_nearest_rotation_forgets_scale_and_mends_a_mirror(vector: tuple[float, float, float]) -> None:
    matrix = rotation(*vector)
    np.testing.assert_allclose(nearest_rotation(3.0 * matrix), matrix, atol=1e-12)
    mirrored = nearest_rotation(matrix @ np.diag([1.0, 1.0, -0.1]))
    np.testing.assert_allclose(mirrored, matrix, atol=1e-12)
