"""Real video against ground truth, with SIFT features: small baselines, distortion, forward motion."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from superpoint_ros.config import GeometryConfig, MatcherConfig
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.types import Camera, Features, Pose, TwoViewStatus

both = pytest.mark.parametrize("estimator", ["poselib", "opencv"])


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


@both
def test_kitti(shared_data: Path, estimator: Literal["poselib", "opencv"]) -> None:
    folder = shared_data / "sequences" / "kitti"
    images = sorted((folder / "image_l").glob("*.png"))[20:31]
    poses = [Pose.from_matrix(row.reshape(3, 4)) for row in np.loadtxt(folder / "poses.txt")[20:31]]
    P = np.loadtxt(folder / "calib.txt")[0].reshape(3, 4)
    camera = Camera(*sift(images[0]).image_size, P[0, 0], P[1, 1], P[0, 2], P[1, 2])
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


def quaternion_to_matrix(quaternion: np.ndarray) -> np.ndarray:
    """x y z w -> rotation matrix."""
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    axis = np.array([x, y, z])
    length = float(np.linalg.norm(axis))
    return cv2.Rodrigues(axis / max(length, 1e-12) * 2.0 * np.arctan2(length, w))[0]
