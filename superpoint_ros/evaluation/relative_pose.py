"""How far an estimated relative pose is from the true one.

Only the direction of the translation is compared, because two views of one camera don't tell its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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
    """Area under the curve "share of pairs with an error below e" for e from 0 to each threshold, divided by the threshold.

    errors: (N,) degrees, one per pair; infinity where no pose was found, so that a failure costs as much as a useless pose.
    In [0, 1]; 1 is perfect. As in SuperGlue, the curve is linear between the sorted errors. No pairs give NaN.
    """
    found = np.sort(np.asarray(errors, np.float64).ravel())
    if len(found) == 0:
        return tuple(float("nan") for _ in thresholds)
    if np.isnan(found).any():
        raise ValueError("an error is NaN; give infinity for a pair without a pose")
    at = np.concatenate([[0.0], found])
    recall = np.arange(len(at)) / len(found)
    areas = []
    for threshold in thresholds:
        inside = int(np.searchsorted(at, threshold))
        e = np.concatenate([at[:inside], [threshold]])
        r = np.concatenate([recall[:inside], [recall[inside - 1]]])
        areas.append(float(np.sum(np.diff(e) * (r[1:] + r[:-1]) / 2.0) / threshold))
    return tuple(areas)
