"""Robust estimators on their own, without what decides between models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.matching.residuals import essential_matrix, fundamental_matrix, sampson_errors
from superpoint_ros.matching.robust import find_relative_pose
from superpoint_ros.types import Camera, DoubleArray, Pose


def misfit(pose: Pose | None, reference: DoubleArray, current: DoubleArray, camera: Camera) -> float:
    """Mean Sampson distance in pixels, which a robust loss brings down; all matches are inliers here."""
    assert pose is not None
    F = fundamental_matrix(essential_matrix(pose.rotation, pose.translation), camera.matrix)
    return float(np.sqrt(sampson_errors(F, reference, current)).mean())


def test_a_final_pose_is_refined(two_views: Callable[..., Any]) -> None:
    better = 0
    for seed in range(20):
        views, config = two_views(seed=seed, outliers=0.0), GeometryConfig(seed=seed)
        points = views.reference.keypoints.astype(float), views.current.keypoints.astype(float), views.camera
        rough, final = (misfit(find_relative_pose(*points, config, is_final=done), *points) for done in (False, True))
        better += final < rough
    assert better >= 15


def test_too_few_points_have_no_pose(two_views: Callable[..., Any]) -> None:
    views = two_views(count=4)
    points = views.reference.keypoints.astype(float), views.current.keypoints.astype(float)
    assert find_relative_pose(*points, views.camera, GeometryConfig()) is None
