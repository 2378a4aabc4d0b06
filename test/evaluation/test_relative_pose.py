"""Errors of relative poses against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from superpoint_ros.evaluation.relative_pose import direction_error, pose_auc, relative_pose_error, rotation_error
from superpoint_ros.types import Pose

vectors = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).map(np.array)


@given(vectors, vectors)
@settings(deadline=None)
def test_rotation_error_is_the_angle_scipy_finds(a: np.ndarray, b: np.ndarray) -> None:
    estimated, truth = Rotation.from_rotvec(a), Rotation.from_rotvec(b)
    expected = np.degrees((estimated.inv() * truth).magnitude())
    assert rotation_error(estimated.as_matrix(), truth.as_matrix()) == pytest.approx(expected, abs=1e-6)


def test_rotation_error_keeps_its_digits_near_zero() -> None:
    tiny = Rotation.from_rotvec([1e-9, 0, 0]).as_matrix()
    assert rotation_error(tiny, np.eye(3)) == pytest.approx(np.degrees(1e-9), rel=1e-6)


def test_half_a_turn_is_180_degrees() -> None:
    assert rotation_error(np.diag([1.0, -1.0, -1.0]), np.eye(3)) == pytest.approx(180.0)


def test_direction_error_ignores_length_but_not_sign() -> None:
    assert direction_error(np.array([0.0, 0.0, 5.0]), np.array([0.0, 0.0, 0.1])) == 0.0
    assert direction_error(np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])) == pytest.approx(45.0)
    assert direction_error(np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0])) == pytest.approx(180.0)
    assert np.isnan(direction_error(np.zeros(3), np.array([0.0, 0.0, 1.0])))


def test_pose_error_is_the_larger_angle_and_forgives_an_unknown_direction() -> None:
    turned = Rotation.from_euler("y", 2.0, degrees=True).as_matrix()
    error = relative_pose_error(Pose(turned, np.array([1.0, 0.0, 0.0])), Pose(np.eye(3), np.array([1.0, 0.0, 1.0])))
    assert (error.rotation, error.direction, error.pose) == pytest.approx((2.0, 45.0, 45.0))
    standing = relative_pose_error(Pose(turned, np.array([1.0, 0.0, 0.0])), Pose(np.eye(3), np.array([1e-5, 0.0, 0.0])))
    assert np.isnan(standing.direction)
    assert standing.pose == pytest.approx(2.0)


def test_auc_equals_a_fine_numerical_integral() -> None:
    errors = np.random.default_rng(0).gamma(1.5, 4.0, 40)
    knots, share = np.concatenate([[0.0], np.sort(errors)]), np.arange(41) / 40
    for threshold, area in zip((5.0, 10.0, 20.0), pose_auc(errors), strict=True):
        # The curve is linear between sorted errors and, by convention, level after the last one below the threshold.
        last = knots[knots < threshold].max()
        e = np.linspace(0, threshold, 200001)
        curve = np.where(e <= last, np.interp(e, knots, share), share[knots < threshold].max())
        assert area == pytest.approx(float(np.mean(curve)), abs=1e-4)


def test_auc_counts_failures_and_knows_its_limits() -> None:
    assert pose_auc([0.0, 0.0]) == pytest.approx((1.0, 1.0, 1.0))
    assert pose_auc([0.0, np.inf]) == pytest.approx((0.5, 0.5, 0.5))
    assert pose_auc([np.inf]) == (0.0, 0.0, 0.0)
    assert all(np.isnan(pose_auc([])))
    with pytest.raises(ValueError, match="NaN"):
        pose_auc([1.0, float("nan")])
