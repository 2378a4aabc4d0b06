import dataclasses
from typing import Literal

import cv2
import numpy as np
import pytest

from superpoint_ros.config import GeometryConfig
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.types import Camera, Features, Matches, Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus

Estimator = Literal["poselib", "opencv"]
both = pytest.mark.parametrize("estimator", ["poselib", "opencv"])


def rotation_error(found: Pose, truth: Pose) -> float:
    return float(np.degrees(np.linalg.norm(cv2.Rodrigues(found.rotation.T @ truth.rotation)[0])))


def direction_error(found: Pose, truth: Pose) -> float:
    cosine = found.translation @ truth.translation / np.linalg.norm(truth.translation)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def estimate(views, camera: Camera | None = None, **settings) -> TwoViewGeometry:
    camera = camera or views.camera
    return estimate_two_view(views.reference, views.current, views.matches, camera, GeometryConfig(**settings))


@both
@pytest.mark.parametrize("outliers", [0.3, 0.5])
@pytest.mark.parametrize("translation", [(0.3, 0.05, 0.1), (0.02, 0.0, 0.3), (0.1, 0.02, 0.01)], ids=["side", "forward", "small"])
def test_general_scene(two_views, estimator: Estimator, outliers: float, translation) -> None:
    views = two_views("general", outliers=outliers, translation=translation)
    geometry = estimate(views, estimator=estimator)
    assert (geometry.status, geometry.model) == (TwoViewStatus.OK, TwoViewModel.ESSENTIAL), geometry.reason
    assert rotation_error(geometry.T_current_reference, views.truth) < 0.15
    assert direction_error(geometry.T_current_reference, views.truth) < 3.0
    assert np.linalg.norm(geometry.T_current_reference.translation) == pytest.approx(1.0)
    assert not geometry.scale_known
    assert geometry.inliers[~views.is_outlier].mean() > 0.97
    assert geometry.inliers[views.is_outlier].mean() < 0.03


@both
def test_essential_and_homography_relate_the_pixels(two_views, estimator: Estimator) -> None:
    views = two_views("general", noise=0.0, outliers=0.0)
    geometry = estimate(views, estimator=estimator)
    K = views.camera.matrix
    a = np.column_stack([views.reference.keypoints, np.ones(400)]) @ np.linalg.inv(K).T
    b = np.column_stack([views.current.keypoints, np.ones(400)]) @ np.linalg.inv(K).T
    np.testing.assert_allclose((b * (a @ geometry.essential.T)).sum(axis=1), 0.0, atol=1e-5)
    assert geometry.homography[2, 2] == pytest.approx(1.0)
    mapped = cv2.perspectiveTransform(views.reference.keypoints[:, None].astype(np.float64), geometry.homography)[:, 0]
    error = np.linalg.norm(mapped - views.current.keypoints, axis=1)
    assert (error[geometry.homography_inliers] < 3.0).all()
    # A point 5 m away sees a step of 0.3 m sideways under 3.4 degrees; the scene is 3 to 10 m away.
    assert 2.0 < geometry.parallax < 4.0


@both
def test_plane_seen_from_two_places(two_views, estimator: Estimator) -> None:
    errors, statuses = [], []
    for seed in range(5):
        views = two_views("plane", seed=seed, outliers=0.3, translation=(0.5, 0.1, 0.1))
        geometry = estimate(views, estimator=estimator)
        assert geometry.model is TwoViewModel.HOMOGRAPHY, geometry.reason
        assert geometry.has_pose, geometry.reason
        assert geometry.inliers[~views.is_outlier].mean() > 0.95
        statuses.append(geometry.status)
        errors.append(direction_error(geometry.T_current_reference, views.truth))
    # Where the geometry claims to know which of the two poses it is, it must be right.
    assert all(error < 6.0 for error, status in zip(errors, statuses, strict=True) if status is TwoViewStatus.OK)
    assert np.median(errors) < 6.0


def test_plane_with_two_valid_poses_is_ambiguous(two_views) -> None:
    # Towards a wall almost head on: both poses of its homography have every point in front of both cameras.
    views = two_views("plane", translation=(0.02, 0.0, 0.4), outliers=0.1)
    geometry = estimate(views)
    assert geometry.status is TwoViewStatus.AMBIGUOUS_PLANE
    assert geometry.has_pose
    assert "another pose" in geometry.reason


@both
@pytest.mark.parametrize("outliers", [0.0, 0.3, 0.5])
def test_pure_rotation(two_views, estimator: Estimator, outliers: float) -> None:
    views = two_views("rotation", outliers=outliers)
    geometry = estimate(views, estimator=estimator)
    assert (geometry.status, geometry.model) == (TwoViewStatus.PURE_ROTATION, TwoViewModel.HOMOGRAPHY), geometry.reason
    assert not geometry.has_pose
    assert rotation_error(geometry.T_current_reference, views.truth) < 0.05
    np.testing.assert_array_equal(geometry.T_current_reference.translation, 0.0)
    np.testing.assert_allclose(geometry.covariance[3:, 3:], np.eye(3) / 3.0)
    assert geometry.parallax < 0.15


@both
@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("outliers", [0.0, 0.3])
def test_no_motion(two_views, estimator: Estimator, noise: float, outliers: float) -> None:
    geometry = estimate(two_views("still", noise=noise, outliers=outliers), estimator=estimator)
    assert geometry.status is TwoViewStatus.NO_MOTION, geometry.reason
    np.testing.assert_array_equal(geometry.T_current_reference.matrix, np.eye(4))
    assert geometry.inliers.mean() > 0.6


@pytest.mark.parametrize(
    "camera",
    [
        Camera(640, 480, 520.9, 521.0, 325.1, 249.7, "plumb_bob", (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
        Camera(640, 480, 460.0, 457.0, 320.0, 240.0, "plumb_bob", (-0.2834, 0.0740, 0.00019, 1.76e-05)),
        Camera(
            640, 480, 400.0, 400.0, 320.0, 240.0, "rational_polynomial", (0.62, -2.8, 0.0008, -0.0003, 1.62, 0.5, -2.63, 1.55)
        ),
        Camera(640, 480, 300.0, 301.0, 321.0, 238.0, "equidistant", (0.0034, 0.00071, -0.0021, 0.0002)),
    ],
    ids=["tum", "barrel", "rational_polynomial", "equidistant"],
)
def test_distorted_cameras(two_views, camera: Camera) -> None:
    views = two_views("general", camera=camera)
    geometry = estimate(views)
    assert geometry.status is TwoViewStatus.OK, geometry.reason
    assert rotation_error(geometry.T_current_reference, views.truth) < 0.2
    assert direction_error(geometry.T_current_reference, views.truth) < 2.5


@both
def test_same_input_same_result(two_views, estimator: Estimator) -> None:
    views = two_views("general", outliers=0.5)
    first, second = estimate(views, estimator=estimator), estimate(views, estimator=estimator)
    np.testing.assert_array_equal(first.T_current_reference.matrix, second.T_current_reference.matrix)
    np.testing.assert_array_equal(first.homography, second.homography)
    np.testing.assert_array_equal(first.covariance, second.covariance)
    np.testing.assert_array_equal(first.inliers, second.inliers)


def test_covariance_has_the_size_of_the_errors(two_views) -> None:
    """Mean of e^T C^-1 e over its degrees of freedom is 1 if C is right; a factor of two in sigma is a factor of four here."""
    rotations, directions = [], []
    for seed in range(60):
        views = two_views("general", seed=seed, outliers=0.0, noise=0.7)
        geometry = estimate(views, max_error=3.0)
        pose, covariance = geometry.T_current_reference, geometry.covariance
        w = cv2.Rodrigues(views.truth.rotation @ pose.rotation.T)[0].ravel()
        d = views.truth.translation / np.linalg.norm(views.truth.translation) - pose.translation
        rotations.append(w @ np.linalg.inv(covariance[:3, :3]) @ w / 3.0)
        directions.append(d @ np.linalg.pinv(covariance[3:, 3:], rcond=1e-9) @ d / 2.0)
        np.testing.assert_allclose(covariance[3:] @ np.r_[np.zeros(3), pose.translation], 0.0, atol=1e-12)
        np.testing.assert_allclose(covariance, covariance.T)
    assert 0.5 < np.mean(rotations) < 2.0
    assert 0.5 < np.mean(directions) < 2.0


def test_rotation_covariance_has_the_size_of_the_errors(two_views) -> None:
    values = []
    for seed in range(60):
        views = two_views("rotation", seed=seed, outliers=0.0)
        geometry = estimate(views)
        w = cv2.Rodrigues(views.truth.rotation @ geometry.T_current_reference.rotation.T)[0].ravel()
        values.append(w @ np.linalg.inv(geometry.covariance[:3, :3]) @ w / 3.0)
    assert 0.5 < np.mean(values) < 2.0


def test_without_camera_there_is_a_homography(two_views) -> None:
    views = two_views("rotation")
    geometry = estimate_two_view(views.reference, views.current, views.matches)
    assert (geometry.status, geometry.model) == (TwoViewStatus.NO_CAMERA, TwoViewModel.HOMOGRAPHY)
    K = views.camera.matrix
    truth = K @ views.truth.rotation @ np.linalg.inv(K)
    np.testing.assert_allclose(geometry.homography, truth / truth[2, 2], rtol=0.02, atol=0.5)
    assert geometry.inliers[~views.is_outlier].mean() > 0.95
    assert geometry.T_current_reference is None
    assert geometry.essential is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fx": 0.0, "fy": 0.0}, "focal length must be positive"),
        ({"fx": float("nan")}, "not finite"),
        ({"width": 320, "height": 240}, "intrinsics are for 320x240 images, not 640x480"),
        ({"model": "plumb_bob", "distortion": (1.0, 2.0)}, "coefficients, got 2"),
    ],
)
def test_unusable_camera_counts_as_none(two_views, change: dict, reason: str) -> None:
    views = two_views("rotation")
    geometry = estimate(views, dataclasses.replace(views.camera, **change))
    assert geometry.status is TwoViewStatus.NO_CAMERA
    assert reason in geometry.reason


@both
@pytest.mark.parametrize("count", [0, 1, 4, 5, 14])
def test_too_few_matches(two_views, estimator: Estimator, count: int) -> None:
    geometry = estimate(two_views("general", count=count, outliers=0.0), estimator=estimator)
    assert geometry.status is TwoViewStatus.TOO_FEW_MATCHES
    assert f"{count} usable matches, at least 15" in geometry.reason
    assert len(geometry.inliers) == count


@both
@pytest.mark.parametrize("camera", [True, False])
@pytest.mark.parametrize("count", [20, 100, 500])
def test_random_matches_are_no_geometry(two_views, estimator: Estimator, camera: bool, count: int) -> None:
    for seed in range(3):
        views = two_views("general", seed=seed, count=count, outliers=1.0)
        settings = GeometryConfig(estimator=estimator)
        geometry = estimate_two_view(views.reference, views.current, views.matches, views.camera if camera else None, settings)
        assert geometry.status in (TwoViewStatus.TOO_FEW_INLIERS, TwoViewStatus.ESTIMATION_FAILED), geometry.reason
        assert geometry.T_current_reference is None
        assert not geometry.inliers.any()


HOSTILE_CAMERAS = {
    "pinhole": Camera(640, 480, 500.0, 500.0, 320.0, 240.0),
    "distorted": Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "plumb_bob", (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
    "badly calibrated": Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "plumb_bob", (-3.0, 10.0, 0.5, 0.1, -5.0)),
    "absurd": Camera(640, 480, 1e-6, 1e9, 320.0, 240.0),
}


def hostile_points(kind: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    grid = rng.uniform(0, 480, (60, 2))
    return {
        "nan": np.full((60, 2), np.nan),
        "infinite": np.full((60, 2), np.inf),
        "huge": grid * 1e30,
        "one point": np.full((60, 2), 100.0),
        "a line": np.column_stack([grid[:, 0], 0.5 * grid[:, 0] + 20.0]),
        "two points": np.where(grid[:, :1] > 240, 50.0, 300.0) * np.ones((1, 2)),
        "random": grid,
    }[kind]


@both
@pytest.mark.parametrize("camera", HOSTILE_CAMERAS.values(), ids=HOSTILE_CAMERAS)
@pytest.mark.parametrize("first", ["nan", "infinite", "huge", "one point", "a line", "two points", "random"])
@pytest.mark.parametrize("second", ["nan", "one point", "a line", "huge", "random"])
@pytest.mark.filterwarnings("error")
def test_hostile_points_never_raise(estimator: Estimator, camera: Camera, first: str, second: str) -> None:
    def features(points: np.ndarray) -> Features:
        return Features(points.astype(np.float32), np.ones(60, np.float32), np.ones((60, 1), np.float32), (640, 480), "test")

    index = np.arange(60)
    geometry = estimate_two_view(
        features(hostile_points(first)),
        features(hostile_points(second)),
        Matches(index, index, np.ones(60, np.float32)),
        camera,
        GeometryConfig(estimator=estimator),
    )
    assert geometry.reason
    # Lens parameters that crumple the image can make random points agree.
    assert geometry.status is not TwoViewStatus.OK or camera is HOSTILE_CAMERAS["badly calibrated"]
    if geometry.T_current_reference is not None:
        assert np.isfinite(geometry.T_current_reference.matrix).all()


def test_nan_points_are_left_out(two_views) -> None:
    views = two_views("general")
    keypoints = views.reference.keypoints.copy()
    keypoints[:20] = np.nan
    views = dataclasses.replace(views, reference=dataclasses.replace(views.reference, keypoints=keypoints))
    geometry = estimate(views)
    assert geometry.status is TwoViewStatus.OK
    assert not geometry.inliers[:20].any()
    assert direction_error(geometry.T_current_reference, views.truth) < 3.0


def test_thresholds_are_in_pixels_of_the_settings(two_views) -> None:
    views = two_views("general", noise=0.5, outliers=0.0)
    strict, loose = estimate(views, max_error=0.5), estimate(views, max_error=3.0)
    # The Sampson distance of correct matches has the standard deviation of the noise: 68 % lie within 0.5 pixels.
    assert 0.6 < strict.essential_inliers.mean() < 0.76
    assert loose.essential_inliers.mean() > 0.99


def test_little_parallax_is_a_rotation(two_views) -> None:
    geometry = estimate(two_views("general", translation=(0.3, 0.05, 0.1)), min_parallax=10.0)
    assert geometry.status is TwoViewStatus.PURE_ROTATION
    assert "below 10" in geometry.reason


def test_little_motion_is_none(two_views) -> None:
    geometry = estimate(two_views("general"), min_motion=100.0)
    assert geometry.status is TwoViewStatus.NO_MOTION
