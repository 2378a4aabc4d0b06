"""How far an estimated relative pose is from the true one.

Only the direction of the translation is compared, because two views of one camera don't tell its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from superpoint_ros.evaluation.metrics.auc import error_auc
from superpoint_ros.types import DoubleArray, Pose

AUC_THRESHOLDS = (5.0, 10.0, 20.0)
"""Degrees; the thresholds that papers on matching report."""
MIN_BASELINE = 1e-3
"""Metres. A true translation shorter than this has no direction that a ground truth could know."""


@dataclass(frozen=True)
class PoseError:
    """Angles in degrees. direction is NaN where the camera only turned, so that there is no direction to be wrong about."""

    rotation: float
    direction: float

    @property
    def pose(self) -> float:
        """The larger of both: the "pose error" of SuperGlue (Sarlin et al., CVPR 2020, section 5.2)."""
        return float(np.fmax(self.rotation, self.direction))


def rotation_error(estimated: DoubleArray, truth: DoubleArray) -> float:
    """Angle in degrees of the rotation between two 3x3 rotation matrices, in [0, 180].

    |log(R_est^T R_true)|, taken from sine and cosine at once: the textbook arccos((trace - 1) / 2) loses half of the digits
    near zero, where good estimates are.
    """
    delta = estimated.T @ truth
    axis = np.array([delta[2, 1] - delta[1, 2], delta[0, 2] - delta[2, 0], delta[1, 0] - delta[0, 1]])
    return float(np.degrees(np.arctan2(np.linalg.norm(axis), np.trace(delta) - 1.0)))


def direction_error(estimated: DoubleArray, truth: DoubleArray) -> float:
    """Angle in degrees between two translations (3,), in [0, 180]; NaN if either has no length.

    Unlike in SuperGlue's evaluation an error of 180 degrees is not folded to 0: a camera that drives backwards is wrong.
    """
    if np.linalg.norm(estimated) == 0.0 or np.linalg.norm(truth) == 0.0:
        return float("nan")
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(estimated, truth)), np.dot(estimated, truth))))


def relative_pose_error(estimated: Pose, truth: Pose, min_baseline: float = MIN_BASELINE) -> PoseError:
    """Errors of one relative pose. The direction counts as unknown where the true translation is below min_baseline metres."""
    moved = float(np.linalg.norm(truth.translation)) >= min_baseline
    direction = direction_error(estimated.translation, truth.translation) if moved else float("nan")
    return PoseError(rotation_error(estimated.rotation, truth.rotation), direction)


def pose_auc(errors: ArrayLike, thresholds: Sequence[float] = AUC_THRESHOLDS) -> tuple[float, ...]:
    """``error_auc`` of pose errors (N,) in degrees, infinite where no pose was found."""
    return error_auc(errors, thresholds)
