from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.trajectory import Trajectory, interpolate_pose, pose_from_matrix
from superpoint_ros.types import Pose


def rotation(*vector: float) -> np.ndarray:
    return np.asarray(cv2.Rodrigues(np.array(vector))[0])


def test_interpolation_turns_at_constant_speed() -> None:
    a, b = Pose(), Pose(rotation(0, 0, 1.2), np.array([4.0, 0, 0]))
    middle = interpolate_pose(a, b, 0.25)
    np.testing.assert_allclose(middle.rotation, rotation(0, 0, 0.3), atol=1e-12)
    np.testing.assert_allclose(middle.translation, (1.0, 0, 0))


def test_lookup() -> None:
    poses = tuple(Pose(translation=np.array([float(x), 0, 0])) for x in range(4))
    trajectory = Trajectory(np.array([10.0, 10.2, 10.4, 12.0]), poses)
    assert trajectory.at(10.2) is poses[1]
    np.testing.assert_allclose(trajectory.at(10.3).translation, (1.5, 0, 0))
    assert trajectory.at(11.0) is None, "a gap"
    assert trajectory.at(9.9) is None
    assert trajectory.at(12.1) is None
    assert trajectory.at(9.9995) is poses[0], "what rounding costs"
    assert Trajectory(np.zeros(0), ()).at(1.0) is None


def test_tum_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    poses = tuple(Pose(rotation(*rng.normal(size=3)), rng.normal(size=3)) for _ in range(5))
    written = Trajectory(1311868169.163498 + np.arange(5) / 30, poses)
    written.write_tum(tmp_path / "new" / "trajectory.tum")
    read = Trajectory.read_tum(tmp_path / "new" / "trajectory.tum")
    np.testing.assert_allclose(read.stamps, written.stamps, atol=1e-6)
    for a, b in zip(read.poses, written.poses, strict=True):
        np.testing.assert_allclose(a.matrix, b.matrix, atol=1e-8)


def test_evo_reads_what_we_write(tmp_path: Path) -> None:
    from evo.tools import file_interface

    Trajectory(np.array([1.0, 2.0]), (Pose(), Pose(rotation(0.1, 0.2, 0.3), np.array([1.0, 2, 3])))).write_tum(tmp_path / "t.tum")
    trajectory = file_interface.read_tum_trajectory_file(tmp_path / "t.tum")
    np.testing.assert_allclose(trajectory.poses_se3[1][:3, :3], rotation(0.1, 0.2, 0.3), atol=1e-8)
    np.testing.assert_allclose(trajectory.positions_xyz[1], (1, 2, 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no data"),
        ("# only a comment\n", "holds no data"),
        ("1.0 0 0 0 0 0 0 1\n2.0 0 0\n", ":2: expected 8 numbers"),
        ("1.0 0 0 0 0 0 0 1 5\n", ":1: expected 8 numbers"),
        ("1.0 0 0 zero 0 0 0 1\n", ":1: expected 8 numbers"),
        ("1.0 0 0 nan 0 0 0 1\n", ":1: expected 8 numbers"),
        ("1.0 0 0 0 0 0 0 0\n", "quaternion"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.tum"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        Trajectory.read_tum(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.tum"):
        Trajectory.read_tum(tmp_path / "nothing.tum")


def test_rows_out_of_order_and_twice_are_sorted_out(tmp_path: Path) -> None:
    path = tmp_path / "t.tum"
    path.write_text("2 2 0 0 0 0 0 1\n1 1 0 0 0 0 0 1\n2 2 0 0 0 0 0 1\n")
    trajectory = Trajectory.read_tum(path)
    np.testing.assert_allclose(trajectory.stamps, (1, 2))
    np.testing.assert_allclose([pose.translation[0] for pose in trajectory.poses], (1, 2))


def test_a_pose_of_a_file_becomes_exact() -> None:
    written = Pose(rotation(0.3, -0.2, 0.5), np.array([1.0, 2.0, 3.0])).matrix
    for matrix in (written.round(3), written.round(3)[:3]):
        pose = pose_from_matrix(matrix, "here")
        np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(pose.matrix, written, atol=2e-3)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.diag([1.1, 1, 1, 1]), "a rotation, this one is not orthonormal"),
        (np.diag([0.0, 0, 0, 1]), "a rotation, this one is not orthonormal"),
        (np.diag([1.0, 1, -1, 1]), "a rotation, this one mirrors"),
        (Pose(translation=np.array([1.0, 2.0, 3.0])).matrix.T, "last row of a pose must be 0 0 0 1, got 1 2 3 1"),
    ],
)
def test_what_is_no_rigid_motion_is_refused(matrix: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"^here: .*{message}"):
        pose_from_matrix(matrix, "here")
