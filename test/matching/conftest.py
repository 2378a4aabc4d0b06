"""Two views of random points with a known motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import pytest

from superpoint_ros.types import Camera, DoubleArray, Features, Matches, Pose


@dataclass(frozen=True)
class TwoViews:
    reference: Features
    current: Features
    matches: Matches
    truth: Pose
    camera: Camera
    is_outlier: np.ndarray


class MakeTwoViews(Protocol):
    def __call__(self, scene: str = ..., **options: object) -> TwoViews: ...


CAMERA = Camera(640, 480, 500.0, 505.0, 318.0, 243.0)


def features_at(points: np.ndarray, size: tuple[int, int] = (640, 480)) -> Features:
    n = len(points)
    return Features(points.astype(np.float32), np.ones(n, np.float32), np.ones((n, 1), np.float32), size, "test")


def project(points: DoubleArray, camera: Camera) -> DoubleArray:
    if len(points) == 0:
        return np.empty((0, 2))
    zero = np.zeros(3)
    function = cv2.fisheye.projectPoints if camera.model == "equidistant" else cv2.projectPoints
    coefficients = np.array(camera.distortion or (0.0, 0.0, 0.0, 0.0))
    return function(points[:, None], zero, zero, camera.matrix, coefficients)[0].reshape(-1, 2)


def make_two_views(
    scene: str = "general",
    seed: int = 0,
    count: int = 400,
    noise: float = 0.5,
    outliers: float = 0.3,
    translation: tuple[float, float, float] = (0.3, 0.05, 0.1),
    rotation: tuple[float, float, float] = (0.02, 0.05, -0.03),
    camera: Camera = CAMERA,
) -> TwoViews:
    """scene: general, plane, rotation, still. noise: standard deviation in pixels. outliers: share of random matches."""
    rng = np.random.default_rng(seed)
    rays = np.column_stack([rng.uniform(-0.6, 0.6, count), rng.uniform(-0.45, 0.45, count), np.ones(count)])
    depth = 5.0 / (rays @ (0.2, -0.3, 1.0)) if scene == "plane" else rng.uniform(3.0, 10.0, count)
    t = np.zeros(3) if scene in ("rotation", "still") else np.array(translation)
    R = np.eye(3) if scene == "still" else cv2.Rodrigues(np.array(rotation))[0]
    points = rays * depth[:, None]
    a = project(points, camera) + rng.normal(0.0, noise, (count, 2))
    b = project(points @ R.T + t, camera) + rng.normal(0.0, noise, (count, 2))
    is_outlier = rng.random(count) < outliers
    b[is_outlier] = rng.uniform((0, 0), (camera.width, camera.height), (int(is_outlier.sum()), 2))
    index, size = np.arange(count), (camera.width, camera.height)
    matches = Matches(index, index, np.ones(count, np.float32))
    return TwoViews(features_at(a, size), features_at(b, size), matches, Pose(R, t), camera, is_outlier)


@pytest.fixture
def two_views() -> MakeTwoViews:
    return make_two_views
