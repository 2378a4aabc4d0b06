"""Trajectory errors against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.trajectory import compare
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Pose

STAMPS = np.arange(20) * 0.1


def trajectory(positions: np.ndarray, angles: np.ndarray) -> Trajectory:
    rotations = Rotation.from_rotvec(angles).as_matrix()
    return Trajectory(STAMPS[: len(positions)].copy(), tuple(Pose(r, p) for r, p in zip(rotations, positions, strict=True)))


@pytest.fixture
def truth() -> Trajectory:
    rng = np.random.default_rng(1)
    return trajectory(np.cumsum(rng.normal(0.1, 0.2, (20, 3)), axis=0), np.cumsum(rng.normal(0, 0.05, (20, 3)), axis=0))


def moved(truth: Trajectory, scale: float, rotation: np.ndarray, translation: np.ndarray) -> Trajectory:
    return Trajectory(
        truth.stamps, tuple(Pose(rotation @ p.rotation, scale * rotation @ p.translation + translation) for p in truth.poses)
    )


def test_a_similar_trajectory_has_no_error(truth: Trajectory) -> None:
    rotation = Rotation.from_rotvec([0.3, -1.0, 0.5]).as_matrix()
    error = compare(moved(truth, 0.25, rotation, np.array([5.0, -2.0, 1.0])), truth)
    assert error.scale == pytest.approx(4.0)
    assert error.ape_rmse == pytest.approx(0.0, abs=1e-9)
    assert error.rpe_translation == pytest.approx(0.0, abs=1e-9)
    assert error.rpe_rotation == pytest.approx(0.0, abs=1e-5)
    assert error.poses == 20
    positions = np.array([pose.translation for pose in truth.poses])
    assert error.path_length == pytest.approx(np.linalg.norm(np.diff(positions, axis=0), axis=1).sum())
    np.testing.assert_allclose(error.estimated, error.truth, atol=1e-9)


def test_a_wrong_scale_is_an_error_after_an_se3_alignment(truth: Trajectory) -> None:
    rotation = Rotation.from_rotvec([0.3, -1.0, 0.5]).as_matrix()
    doubled = moved(truth, 2.0, rotation, np.array([5.0, -2.0, 1.0]))
    error = compare(doubled, truth, correct_scale=False)
    assert error.scale == 1.0
    positions = np.array([pose.translation for pose in truth.poses])
    # Doubled about its centre, every position is off by its own distance from there.
    expected = np.sqrt((np.linalg.norm(positions - positions.mean(axis=0), axis=1) ** 2).mean())
    assert error.ape_rmse == pytest.approx(expected)
    assert compare(moved(truth, 1.0, rotation, np.zeros(3)), truth, correct_scale=False).ape_rmse == pytest.approx(0, abs=1e-9)


def test_errors_are_those_of_a_procrustes_alignment(truth: Trajectory) -> None:
    rng = np.random.default_rng(2)
    noisy = Trajectory(truth.stamps, tuple(Pose(p.rotation, p.translation + rng.normal(0, 0.05, 3)) for p in truth.poses))
    error = compare(noisy, truth)
    # Umeyama's solution by hand: centre, rotate by the SVD of the covariance, scale.
    x = np.array([p.translation for p in noisy.poses])
    y = np.array([p.translation for p in truth.poses])
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    u, s, vt = np.linalg.svd(yc.T @ xc)
    sign = np.array([1.0, 1.0, np.linalg.det(u @ vt)])
    rotation = u @ np.diag(sign) @ vt
    scale = (s * sign).sum() / (xc**2).sum()
    residual = yc - scale * xc @ rotation.T
    assert error.scale == pytest.approx(scale)
    assert error.ape_rmse == pytest.approx(np.sqrt((residual**2).sum(axis=1).mean()))
    assert error.ape_percent == pytest.approx(100 * error.ape_rmse / error.path_length)


def test_rotation_errors_between_consecutive_poses(truth: Trajectory) -> None:
    # Every second pose is turned by one degree about its own axis, so each step is one degree off.
    tilt = Rotation.from_rotvec([0, 0, np.radians(1.0)]).as_matrix()
    tilted = Trajectory(
        truth.stamps, tuple(Pose(p.rotation @ tilt if i % 2 else p.rotation, p.translation) for i, p in enumerate(truth.poses))
    )
    assert compare(tilted, truth).rpe_rotation == pytest.approx(1.0, abs=1e-6)


def test_rotations_rounded_in_a_file_are_good_enough(truth: Trajectory) -> None:
    rounded = Trajectory(truth.stamps, tuple(Pose(p.rotation.round(4), p.translation) for p in truth.poses))
    assert compare(rounded, truth).ape_rmse == pytest.approx(0.0, abs=1e-9)


def test_what_cannot_be_compared_is_named(truth: Trajectory) -> None:
    short = Trajectory(truth.stamps[:2], truth.poses[:2])
    with pytest.raises(DataError, match="3 poses: 2 were estimated"):
        compare(short, truth)
    later = Trajectory(truth.stamps + 100.0, truth.poses)
    with pytest.raises(DataError, match="no pose"):
        compare(later, truth)
    spot = Trajectory(truth.stamps, tuple(Pose() for _ in truth.poses))
    with pytest.raises(DataError, match="cannot be aligned"):
        compare(spot, truth)
