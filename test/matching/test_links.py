"""Points that the reference does not have, followed by the motion that the others show."""

from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.config import GeometryConfig
from superpoint_ros.matching.links import link_the_rest
from superpoint_ros.matching.view import View
from superpoint_ros.types import (
    Camera,
    DoubleArray,
    Features,
    Matches,
    Pose,
    TwoViewGeometry,
    TwoViewModel,
    TwoViewStatus,
)

CAMERA = Camera(640, 480, 500.0, 500.0, 320.0, 240.0)
KNOWN, REST = 60, 40
WRONG = np.arange(KNOWN, KNOWN + 10)
"""Keypoints of the current image that look like a point and lie somewhere else."""


class Scene:
    """100 points, each with a descriptor of its own; the first 60 are linked already, ten of the others are matched wrongly."""

    def __init__(self, step: tuple[float, float, float], turn: float = 0.02, camera: Camera | None = CAMERA) -> None:
        rng = np.random.default_rng(0)
        n = KNOWN + REST
        points = np.column_stack([rng.uniform(-2, 2, n), rng.uniform(-1.5, 1.5, n), rng.uniform(4, 9, n)])
        descriptors = rng.normal(size=(n, 32))
        self._descriptors = (descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)).astype(np.float32)
        self.motions = [Pose(rotation(k * turn), -k * np.array(step)) for k in (1, 2)]
        pixels = [project(points, pose) for pose in self.motions]
        pixels[1][WRONG] += rng.uniform(25.0, 60.0, (len(WRONG), 2)) * rng.choice([-1.0, 1.0], (len(WRONG), 2))
        self.previous, self.current = (self._view(p, float(i), camera) for i, p in enumerate(pixels))

    def _view(self, pixels: DoubleArray, stamp: float, camera: Camera | None) -> View:
        n = len(pixels)
        return View.of(
            Features(pixels.astype(np.float32), np.ones(n, np.float32), self._descriptors, (640, 480), "test"), stamp, camera
        )

    def linked(self, before: TwoViewGeometry, now: TwoViewGeometry, known: int = KNOWN) -> list[int]:
        """Points that were linked; none is linked to another one."""
        index = np.arange(known)
        links = Matches(index, index, np.ones(known, np.float32))
        found = link_the_rest(self.previous, self.current, links, before, now, CAMERA.fx)
        np.testing.assert_array_equal(found.reference_index, found.current_index)
        return found.reference_index.tolist()

    def geometries(self) -> list[TwoViewGeometry]:
        return [geometry(pose) for pose in self.motions]


def rotation(angle: float) -> DoubleArray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def project(points: DoubleArray, pose: Pose) -> DoubleArray:
    seen = points @ pose.rotation.T + pose.translation
    return seen[:, :2] / seen[:, 2:] * 500.0 + (320.0, 240.0)


def geometry(pose: Pose | None, homography: DoubleArray | None = None) -> TwoViewGeometry:
    """Only what is looked at; the length of a translation between two views is not known."""
    if pose is not None:
        length = np.linalg.norm(pose.translation)
        pose = Pose(pose.rotation, pose.translation / length if length else pose.translation)
    none = np.zeros(0, bool)
    return TwoViewGeometry(TwoViewStatus.OK, TwoViewModel.ESSENTIAL, "", none, none, homography, None, pose)


def true_rest() -> set[int]:
    return set(range(KNOWN, KNOWN + REST)) - set(WRONG.tolist())


@pytest.mark.parametrize("step", [(0.3, 0.0, 0.05), (0.0, 0.05, 0.4), (0.0, 0.0, 0.0)])
def test_right_matches_are_linked_and_wrong_ones_are_not(step: tuple[float, float, float]) -> None:
    scene = Scene(step)
    found = set(scene.linked(*scene.geometries()))
    assert found >= true_rest()
    # A wrong match may happen to lie on its epipolar line; without motion there is no such line.
    assert len(found - true_rest()) <= (1 if any(step) else 0)


def test_without_a_camera_the_homographies_tell() -> None:
    scene = Scene((0.0, 0.0, 0.0), camera=None)
    K = CAMERA.matrix
    before, now = (geometry(None, K @ pose.rotation @ np.linalg.inv(K)) for pose in scene.motions)
    assert set(scene.linked(before, now)) == true_rest()


def test_no_links_where_the_motion_is_not_known_or_wrong() -> None:
    scene = Scene((0.3, 0.0, 0.0))
    before, now = scene.geometries()
    assert scene.linked(before, geometry(None)) == []
    assert scene.linked(geometry(Pose(rotation(0.5), np.array([1.0, 0.0, 0.0]))), now) == []


def test_too_few_known_links_are_not_trusted() -> None:
    scene = Scene((0.3, 0.0, 0.0))
    assert scene.linked(*scene.geometries(), known=GeometryConfig().min_inliers - 1) == []
    assert scene.linked(*scene.geometries(), known=GeometryConfig().min_inliers) != []
