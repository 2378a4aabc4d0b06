"""How exact the motion between two calibrated images is that is estimated from the matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from superpoint_ros.evaluation.metrics.inlier_ratio import inlier_ratio
from superpoint_ros.evaluation.one_camera import OneCamera, in_one_camera
from superpoint_ros.evaluation.presets import Protocol
from superpoint_ros.evaluation.protocols.measure import Marked, ScaledPair, number, suffix
from superpoint_ros.evaluation.relative_pose import MIN_BASELINE, relative_pose_error
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.matching.residuals import essential_matrix, fundamental_matrix, sampson_errors
from superpoint_ros.matching.robust import find_relative_pose
from superpoint_ros.types import Camera, DoubleArray, Features, FloatArray, Matches, Pose


@dataclass(frozen=True)
class PoseMeasure:
    """Essential matrix from mutual nearest neighbours; rotation and direction of the translation are compared."""

    protocol: Protocol
    truth: ClassVar[Literal["pose"]] = "pose"
    needs_descriptors: ClassVar[bool] = True
    is_seeded: ClassVar[bool] = True

    def metrics(self) -> Iterator[Metric]:
        for estimator in self.protocol.estimators:
            name, label = suffix(estimator, self.protocol.estimators)
            for t in self.protocol.thresholds:
                column = f"pose_error{name}"
                yield Metric(f"pose_auc_{number(t)}{name}", f"AUC@{number(t)}°{label}", "", True, "auc", float("inf"), column, t)
            yield Metric(f"rotation_error{name}", f"rotation, median{label}", "°", False, "median", float("inf"))
            yield Metric(f"direction_error{name}", f"direction, median{label}", "°", False, "median", float("inf"))
            yield Metric(f"inlier_ratio{name}", f"inlier ratio{label}", "", True, "mean", 0.0)

    def figures(self, pair: ScaledPair, first: Features, second: Features, matches: Matches, seed: int) -> dict[str, float]:
        assert pair.T_second_first is not None
        points = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
        usable, a, b, camera = _in_one_camera(pair, *points)
        figures = {"matches": float(len(matches))}
        for estimator in self.protocol.estimators:
            name, _ = suffix(estimator, self.protocol.estimators)
            found = find_relative_pose(a, b, camera, self.protocol.geometry(estimator, seed), is_final=True)
            rotation, direction, error = _errors(found, pair.T_second_first)
            inliers = np.zeros(len(matches), bool)
            if found is not None:
                inliers[usable] = _epipolar_errors(found, a, b, camera) <= self.protocol.max_error**2
            figures[f"pose_error{name}"] = error
            figures[f"rotation_error{name}"] = rotation
            figures[f"direction_error{name}"] = direction
            figures[f"inlier_ratio{name}"] = inlier_ratio(inliers)
        return figures

    def mark(self, pair: ScaledPair, first: Features, second: Features, matches: Matches) -> Marked:
        assert pair.T_second_first is not None
        a, b = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
        right = np.zeros(len(matches), bool)
        if np.any(pair.T_second_first.translation):
            usable, x, y, camera = _in_one_camera(pair, a, b)
            right[usable] = _epipolar_errors(pair.T_second_first, x, y, camera) <= self.protocol.max_error**2
        return Marked(a, b, right)


def _errors(found: Pose | None, truth: Pose) -> tuple[float, float, float]:
    """Rotation, direction, and the larger of both, in degrees; infinite without a pose. NaN: the camera only turned."""
    if found is None:
        moved = float(np.linalg.norm(truth.translation)) >= MIN_BASELINE
        return float("inf"), float("inf") if moved else float("nan"), float("inf")
    error = relative_pose_error(found, truth)
    return error.rotation, error.direction, error.pose


def _epipolar_errors(pose: Pose, a: DoubleArray, b: DoubleArray, camera: Camera) -> DoubleArray:
    unit = pose.translation / np.linalg.norm(pose.translation)
    return sampson_errors(fundamental_matrix(essential_matrix(pose.rotation, unit), camera.matrix), a, b)


def _in_one_camera(pair: ScaledPair, a: FloatArray, b: FloatArray) -> OneCamera:
    assert pair.first_camera is not None and pair.second_camera is not None
    return in_one_camera(a, b, pair.first_camera, pair.second_camera)
