"""Figures of a run from its pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.evaluation.pairs import PairRecord, summarize, true_motion
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus

TRUTH = Pose(np.eye(3), np.array([0.0, 0.0, 0.2]))


def pair(
    status: TwoViewStatus, turn: float | None, truth: Pose | None = TRUTH, direction: tuple[float, ...] = (0.0, 0.0, 1.0)
) -> PairRecord:
    """A pair whose estimated rotation is ``turn`` degrees off; None: no pose."""
    pose = None if turn is None else Pose(Rotation.from_euler("x", turn, degrees=True).as_matrix(), np.array(direction))
    inliers = np.arange(50) < 30
    geometry = TwoViewGeometry(
        status, TwoViewModel.ESSENTIAL, "", np.zeros(50, bool), inliers, T_current_reference=pose, parallax=1.0
    )
    return PairRecord(0.0, 0.1, 100, geometry, truth)


def test_figures_of_a_run() -> None:
    pairs = [
        pair(TwoViewStatus.OK, 1.0),
        pair(TwoViewStatus.AMBIGUOUS_PLANE, 3.0),
        pair(TwoViewStatus.PURE_ROTATION, 2.0, direction=(0.0, 0.0, 0.0)),
        pair(TwoViewStatus.TOO_FEW_INLIERS, None),
    ]
    summary = summarize(pairs)
    assert (summary.pairs, summary.valid, summary.valid_share) == (4, 2, 0.5)
    assert summary.statuses == {"AMBIGUOUS_PLANE": 1, "OK": 1, "PURE_ROTATION": 1, "TOO_FEW_INLIERS": 1}
    assert (summary.keypoints, summary.matches, summary.inliers) == (100, 50, 30)
    assert summary.rotation is not None
    assert summary.rotation[0] == pytest.approx(2.0)
    assert summary.direction == pytest.approx((0.0, 0.0), abs=1e-6)
    # Two pairs have a pose (errors 1 and 3 degrees); a missing direction and a missing pose both count as failures.
    assert summary.auc is not None
    assert summary.auc[0] == pytest.approx((1 * 0.125 + 2 * 0.375 + 2 * 0.5) / 5)


def test_a_direction_that_cannot_be_known_is_no_failure() -> None:
    still = Pose(np.eye(3), np.zeros(3))
    summary = summarize([pair(TwoViewStatus.PURE_ROTATION, 0.0, still, (0.0, 0.0, 0.0))])
    assert summary.auc == pytest.approx((1.0, 1.0, 1.0))
    assert summary.direction is None


def test_without_ground_truth_there_are_no_errors() -> None:
    summary = summarize([pair(TwoViewStatus.OK, 1.0, truth=None)])
    assert (summary.rotation, summary.direction, summary.auc) == (None, None, None)
    assert summary.figures()["pose_auc"] is None


def test_no_pairs_at_all() -> None:
    summary = summarize([])
    assert (summary.pairs, summary.valid_share) == (0, 0.0)
    assert np.isnan(summary.inliers)


def test_true_motion_maps_reference_points_into_the_current_camera() -> None:
    quarter = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    truth = Trajectory(
        np.array([0.0, 1.0]), (Pose(np.eye(3), np.array([1.0, 0.0, 0.0])), Pose(quarter, np.array([0.0, 0.0, 2.0])))
    )
    motion = true_motion(truth, 0.0, 1.0)
    assert motion is not None
    world = np.array([3.0, 4.0, 5.0])
    in_reference = world - [1.0, 0.0, 0.0]
    in_current = quarter.T @ (world - [0.0, 0.0, 2.0])
    np.testing.assert_allclose(motion.rotation @ in_reference + motion.translation, in_current)
    assert true_motion(truth, 0.0, 9.0) is None
    assert true_motion(None, 0.0, 1.0) is None
