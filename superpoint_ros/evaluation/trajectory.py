"""Trajectories against ground truth, computed by evo: association by time, alignment, APE and RPE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.rotations import nearest_rotation
from superpoint_ros.types import DoubleArray, Pose

MIN_POSES = 3
"""A similarity transform of fewer positions than this is not unique."""


@dataclass(frozen=True)
class TrajectoryError:
    """Errors of a trajectory after an alignment by rotation, translation and (Sim(3), but not SE(3)) scale.

    ape_rmse: metres, root mean square distance of positions. ape_percent: the same in percent of the true path length.
    rpe_rotation, rpe_translation: root mean square error between consecutive poses, in degrees and metres.
    scale: what the estimate was multiplied by; 1 after an SE(3) alignment. path_length: metres that the camera really went.
    poses: how many were compared.
    estimated, truth: (N, 3) aligned positions, for plots.
    """

    ape_rmse: float
    ape_percent: float
    rpe_rotation: float
    rpe_translation: float
    scale: float
    path_length: float
    poses: int
    estimated: DoubleArray
    truth: DoubleArray

    def figures(self) -> dict[str, float | int]:
        """Everything but the positions, for tables and JSON."""
        return {name: value for name, value in vars(self).items() if name not in ("estimated", "truth")}


def compare(
    estimated: Trajectory, truth: Trajectory, max_difference: float = 0.02, *, correct_scale: bool = True
) -> TrajectoryError:
    """APE and RPE of a trajectory (T_world_camera) after an alignment by Umeyama's method.

    max_difference: seconds by which the stamps of two associated poses may differ. correct_scale: Sim(3), for a camera that does
    not know how far it moved; without it SE(3), where a wrong scale is an error like any other.
    Raises DataError where fewer than three poses can be associated or their positions are on one spot.
    """
    from evo.core import metrics, sync
    from evo.core.geometry import GeometryException
    from evo.core.sync import SyncException

    if min(len(estimated), len(truth)) < MIN_POSES:
        raise DataError(f"an alignment needs {MIN_POSES} poses: {len(estimated)} were estimated, {len(truth)} have ground truth")
    try:
        reference, aligned = sync.associate_trajectories(_to_evo(truth), _to_evo(estimated), max_diff=max_difference)
    except SyncException as error:
        raise DataError(f"no pose of the trajectory is within {max_difference} s of one of the ground truth") from error
    if reference.num_poses < MIN_POSES:
        raise DataError(f"only {reference.num_poses} poses have ground truth, an alignment needs {MIN_POSES}")
    try:
        _, _, scale = aligned.align(reference, correct_scale=correct_scale)
    except GeometryException as error:
        raise DataError(
            "the trajectory cannot be aligned with the ground truth: its positions are all (nearly) on one line or spot"
        ) from error

    def rmse(metric: Any) -> float:
        metric.process_data((reference, aligned))
        return float(metric.get_statistic(metrics.StatisticsType.rmse))

    ape = rmse(metrics.APE(metrics.PoseRelation.translation_part))
    length = float(reference.path_length)
    return TrajectoryError(
        ape_rmse=ape,
        ape_percent=100.0 * ape / length if length > 0 else float("nan"),
        rpe_rotation=rmse(metrics.RPE(metrics.PoseRelation.rotation_angle_deg)),
        rpe_translation=rmse(metrics.RPE(metrics.PoseRelation.translation_part)),
        scale=float(scale),
        path_length=length,
        poses=int(reference.num_poses),
        estimated=np.array(aligned.positions_xyz),
        truth=np.array(reference.positions_xyz),
    )


def _to_evo(trajectory: Trajectory) -> Any:
    from evo.core.trajectory import PoseTrajectory3D

    # evo refuses what isn't in SE(3) to many digits, and products of poses drift.
    exact = [Pose(nearest_rotation(pose.rotation), pose.translation).matrix for pose in trajectory.poses]
    return PoseTrajectory3D(poses_se3=exact, timestamps=np.asarray(trajectory.stamps))
