"""Real video against ground truth, with SIFT features: small baselines, distortion, forward motion."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from superpoint_ros.config import GeometryConfig, MatcherConfig
from superpoint_ros.matching.front_end import PairMatcher
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.matching.residuals import essential_matrix, fundamental_matrix, sampson_errors
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.types import Camera, Features, Pose, TwoViewStatus

both = pytest.mark.parametrize("estimator", ["poselib", "opencv"])


@cache
def sift(path: Path) -> Features:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    keypoints, descriptors = cv2.SIFT_create(1000).detectAndCompute(image, None)
    root = np.sqrt(descriptors / descriptors.sum(axis=1, keepdims=True)).astype(np.float32)
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    scores = np.array([keypoint.response for keypoint in keypoints], np.float32)
    return Features(points, scores, root, (image.shape[1], image.shape[0]), "sift")


def errors(
    images: list[Path], poses: list[Pose], camera: Camera, estimator: Literal["poselib", "opencv"]
) -> tuple[list[TwoViewStatus], np.ndarray, np.ndarray]:
    """Status, rotation error and direction error in degrees of each pair of neighbours."""
    features = [sift(path) for path in images]
    statuses, rotations, directions = [], [], []
    for i in range(len(images) - 1):
        matches = match(features[i], features[i + 1], MatcherConfig())
        geometry = estimate_two_view(features[i], features[i + 1], matches, camera, GeometryConfig(estimator=estimator))
        statuses.append(geometry.status)
        truth, pose = poses[i + 1].inverse() @ poses[i], geometry.T_current_reference
        if geometry.has_pose and pose is not None:
            cosine = pose.translation @ truth.translation / np.linalg.norm(truth.translation)
            rotations.append(np.degrees(np.linalg.norm(cv2.Rodrigues(pose.rotation.T @ truth.rotation)[0])))
            directions.append(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    return statuses, np.array(rotations), np.array(directions)


def kitti(folder: Path, frames: slice) -> tuple[list[Path], list[Pose], Camera]:
    images = sorted((folder / "image_l").glob("*.png"))[frames]
    poses = [Pose.from_matrix(row.reshape(3, 4)) for row in np.loadtxt(folder / "poses.txt")[frames]]
    P = np.loadtxt(folder / "calib.txt")[0].reshape(3, 4)
    return images, poses, Camera(*sift(images[0]).image_size, P[0, 0], P[1, 1], P[0, 2], P[1, 2])


@both
def test_kitti(shared_data: Path, estimator: Literal["poselib", "opencv"]) -> None:
    images, poses, camera = kitti(shared_data / "sequences" / "kitti", slice(20, 31))
    statuses, rotations, directions = errors(images, poses, camera, estimator)
    assert statuses == [TwoViewStatus.OK] * 10
    assert np.median(rotations) < 0.06
    assert np.median(directions) < 0.6


@both
def test_tum_desk(shared_data: Path, estimator: Literal["poselib", "opencv"]) -> None:
    """Handheld: 2 cm between neighbours, of which the motion capture that gives the truth knows some millimetres."""
    folder = shared_data / "sequences" / "tum_fr2_desk"
    images = sorted(folder.glob("*.png"))[:11]
    truth = np.loadtxt(folder / "groundtruth.txt")
    poses = []
    for path in images:
        row = truth[np.abs(truth[:, 0] - float(path.stem)).argmin()]
        poses.append(Pose(quaternion_to_matrix(row[4:]), row[1:4].copy()))
    camera = Camera(640, 480, 520.9, 521.0, 325.1, 249.7, "plumb_bob", (0.2312, -0.7849, -0.0033, -0.0001, 0.9172))
    statuses, rotations, directions = errors(images, poses, camera, estimator)
    assert statuses == [TwoViewStatus.OK] * 10
    assert np.median(rotations) < 0.4
    assert np.median(directions) < 8.0


def test_tracks_of_a_drive_are_long_and_right(shared_data: Path) -> None:
    """Every two sightings of a track obey the true motion between their images, also where keyframes change."""
    folder = shared_data / "sequences" / "kitti"
    images, poses, camera = kitti(folder, slice(10, 25))
    front_end, last, steps = PairMatcher(), {}, []
    results = [front_end.update(sift(path), 0.1 * i, camera) for i, path in enumerate(images)]
    for i, result in enumerate(results):
        assert len(set(result.tracks.id.tolist())) == len(result.current)
        for identity, point in zip(result.tracks.id.tolist(), result.current.keypoints, strict=True):
            if identity in last:
                steps.append((*last[identity], i, point))
            last[identity] = (i, point)
    K, distances = camera.matrix, []
    for before, a, now, b in steps:
        motion = poses[now].inverse() @ poses[before]
        F = fundamental_matrix(essential_matrix(motion.rotation, motion.translation / np.linalg.norm(motion.translation)), K)
        distances.append(np.sqrt(sampson_errors(F, a[None].astype(float), b[None].astype(float))[0]))
    assert len(steps) > 250 * len(images)
    assert np.mean(np.array(distances) < 3.0) > 0.99
    assert np.mean(results[-1].tracks.length >= 4) > 0.2
    assert sum(result.is_keyframe for result in results) > 2


def quaternion_to_matrix(quaternion: np.ndarray) -> np.ndarray:
    """x y z w -> rotation matrix."""
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    axis = np.array([x, y, z])
    length = float(np.linalg.norm(axis))
    return cv2.Rodrigues(axis / max(length, 1e-12) * 2.0 * np.arctan2(length, w))[0]
