from itertools import pairwise

import cv2
import numpy as np
import pytest

from superpoint_ros.config import OdometryConfig
from superpoint_ros.odometry.monocular import MonocularOdometry
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus

NOTHING = np.zeros(0, bool)


def rotation(*vector: float) -> np.ndarray:
    return cv2.Rodrigues(np.array(vector))[0]


def seen(pose: Pose | None, status: TwoViewStatus = TwoViewStatus.OK, scale_known: bool = False) -> TwoViewGeometry:
    return TwoViewGeometry(
        status, TwoViewModel.ESSENTIAL, "", NOTHING, NOTHING, T_current_reference=pose, scale_known=scale_known
    )


def between(first: Pose, second: Pose) -> Pose:
    """T_second_first with unit translation, of two T_world_camera."""
    step = second.inverse() @ first
    return Pose(step.rotation, step.translation / np.linalg.norm(step.translation))


def circle(count: int, step: float) -> list[Pose]:
    """Looking along the path, steps of one length: chords of a circle, starting at the origin."""
    turn = 2.0 * np.pi / count
    poses = [Pose()]
    for _ in range(count):
        poses.append(poses[-1] @ Pose(rotation(0.0, turn, 0.0), np.array([0.0, 0.0, step])))
    return poses


@pytest.mark.parametrize("step_length", [0.0, 0.25])
def test_chains_steps_into_a_trajectory(step_length: float) -> None:
    odometry = MonocularOdometry(OdometryConfig(step_length=step_length))
    truth = circle(36, step_length or 1.0)
    for before, now in pairwise(truth):
        pose = odometry.update(seen(between(before, now)))
        assert pose is not None
        np.testing.assert_allclose(pose.matrix, now.matrix, atol=1e-9)
    assert odometry.scale_known is (step_length > 0.0)
    np.testing.assert_allclose(odometry.pose.matrix, np.eye(4), atol=1e-9)


def test_known_scale_is_kept() -> None:
    odometry = MonocularOdometry(OdometryConfig(step_length=7.0))
    pose = odometry.update(seen(Pose(np.eye(3), np.array([0.0, 0.0, -3.0])), scale_known=True))
    np.testing.assert_allclose(pose.translation, [0.0, 0.0, 3.0])


def test_standing_still_and_turning_on_the_spot() -> None:
    odometry = MonocularOdometry()
    odometry.update(seen(Pose(np.eye(3), np.array([0.0, 0.0, -1.0]))))
    still = odometry.update(seen(Pose(), TwoViewStatus.NO_MOTION))
    np.testing.assert_allclose(still.translation, [0.0, 0.0, 1.0])
    turned = odometry.update(seen(Pose(rotation(0.0, -0.3, 0.0)), TwoViewStatus.PURE_ROTATION))
    np.testing.assert_allclose(turned.translation, [0.0, 0.0, 1.0])
    np.testing.assert_allclose(turned.rotation, rotation(0.0, 0.3, 0.0), atol=1e-12)
    assert odometry.failures == 0


@pytest.mark.parametrize(
    "status",
    [TwoViewStatus.TOO_FEW_MATCHES, TwoViewStatus.TOO_FEW_INLIERS, TwoViewStatus.NO_CAMERA, TwoViewStatus.ESTIMATION_FAILED],
)
def test_unknown_motion_keeps_the_pose_and_is_counted(status: TwoViewStatus) -> None:
    odometry = MonocularOdometry()
    before = odometry.update(seen(Pose(np.eye(3), np.array([1.0, 0.0, 0.0]))))
    assert odometry.update(seen(None, status)) is None
    assert odometry.failures == 1
    assert odometry.pose is before
    assert odometry.update(seen(Pose(np.eye(3), np.array([1.0, 0.0, 0.0])))).translation.tolist() == [-2.0, 0.0, 0.0]


def test_images_between_keyframes_have_no_position() -> None:
    odometry = MonocularOdometry()
    step = Pose(np.eye(3), np.array([1.0, 0.0, 0.0]))
    assert odometry.update(seen(step), is_keyframe=False) is None
    assert odometry.update(seen(None, TwoViewStatus.TOO_FEW_INLIERS), is_keyframe=False) is None
    assert odometry.failures == 0
    np.testing.assert_array_equal(odometry.pose.matrix, np.eye(4))


def test_reset() -> None:
    odometry = MonocularOdometry()
    odometry.update(seen(Pose(np.eye(3), np.array([1.0, 0.0, 0.0]))))
    odometry.update(seen(None, TwoViewStatus.TOO_FEW_INLIERS))
    odometry.reset()
    np.testing.assert_array_equal(odometry.pose.matrix, np.eye(4))
    assert odometry.failures == 0
