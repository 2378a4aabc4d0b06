from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import ConfigError
from superpoint_ros.simulation.scene import ROOM
from superpoint_ros.simulation.sequence import SimulatedSequence

SIZE = (320, 240)


def corners(image: np.ndarray, count: int = 300) -> np.ndarray:
    found = cv2.goodFeaturesToTrack(image, count, 0.05, 8)
    return refine(image, found[:, 0])


def refine(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 40, 0.001)
    return cv2.cornerSubPix(image, points.astype(np.float32).reshape(-1, 1, 2).copy(), (3, 3), (-1, -1), criteria)[:, 0]


def test_images_aligned_by_the_ground_truth_show_no_motion() -> None:
    """Frame j is resampled where transfer says that the pixels of frame i went; optical flow must find nothing left to move."""
    sequence = SimulatedSequence(frames=40, size=SIZE, noise=0.0)
    grid = np.stack(np.meshgrid(np.arange(320), np.arange(240)), -1).reshape(-1, 2)
    for i, j in ((0, 6), (30, 20)):
        a, b = sequence.frame(i).image, sequence.frame(j).image
        there, visible = sequence.transfer(grid, i, j)
        maps = there.astype(np.float32).reshape(240, 320, 2)
        aligned = cv2.remap(b, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC)
        clear = cv2.erode(visible.reshape(240, 320).astype(np.uint8), np.ones((17, 17)))
        points = cv2.goodFeaturesToTrack(a, 300, 0.05, 6, mask=clear)
        flow, found, _ = cv2.calcOpticalFlowPyrLK(a, aligned, points, None, winSize=(9, 9), maxLevel=0)
        residual = (flow - points)[found[:, 0] == 1][:, 0]
        moved = np.linalg.norm(there[visible] - grid[visible], axis=1)
        assert len(residual) > 100
        assert np.median(moved) > 5
        assert np.median(np.linalg.norm(residual, axis=1)) < 0.1
        assert np.abs(np.median(residual, axis=0)).max() < 0.03


def test_transfer_there_and_back_is_exact() -> None:
    sequence = SimulatedSequence(frames=30, size=SIZE)
    points = np.random.default_rng(0).uniform((0, 0), (319, 239), (200, 2))
    there, visible = sequence.transfer(points, 3, 20)
    back, _ = sequence.transfer(there[visible], 20, 3)
    assert visible.sum() > 50
    np.testing.assert_allclose(back, points[visible], atol=1e-6)


def test_hidden_points_are_not_visible() -> None:
    """The depth of the target image decides independently what is hidden."""
    sequence = SimulatedSequence(frames=80, size=SIZE, seed=1)
    points = np.stack(np.meshgrid(np.arange(2, 318, 4), np.arange(2, 238, 4)), -1).reshape(-1, 2).astype(np.float64)
    i, j = 0, 45
    pixels, visible = sequence.transfer(points, i, j)
    inside = np.all((pixels > 1) & (pixels < (318, 238)), axis=1)
    pose_i, pose_j = sequence.ground_truth.poses[i], sequence.ground_truth.poses[j]
    rays = np.column_stack(((points - (159.5, 119.5)) / sequence.camera.fx, np.ones(len(points))))
    depth_i = sequence.depth(i)[points[:, 1].astype(int), points[:, 0].astype(int)]
    z = ((rays * depth_i[:, None]) @ pose_i.rotation.T + pose_i.translation - pose_j.translation) @ pose_j.rotation[:, 2]
    rounded = np.rint(pixels[inside]).astype(int)
    hidden = sequence.depth(j)[rounded[:, 1], rounded[:, 0]] < 0.9 * z[inside]
    assert hidden.sum() > 20
    assert np.mean(visible[inside] == ~hidden) > 0.97


def test_the_same_seed_gives_the_same_images_in_any_order() -> None:
    one, two = SimulatedSequence(frames=3, size=SIZE, seed=5), SimulatedSequence(frames=3, size=SIZE, seed=5)
    first = [frame.image for frame in one]
    np.testing.assert_array_equal(two.frame(2).image, first[2])
    np.testing.assert_array_equal(two.frame(0).image, first[0])
    other = SimulatedSequence(frames=3, size=SIZE, seed=6)
    assert np.mean(other.frame(0).image != first[0]) > 0.5


def test_as_a_source() -> None:
    sequence = SimulatedSequence(frames=3, size=(161, 97), rate=10.0)
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert len(sequence) == 3
    np.testing.assert_allclose(np.diff([frame.stamp for frame in frames]), 0.1)
    assert frames[0].image.shape == (97, 161)
    assert frames[0].image.dtype == np.uint8
    assert (sequence.camera.width, sequence.camera.height) == (161, 97)
    assert all(
        sequence.ground_truth.at(frame.stamp) is pose for frame, pose in zip(frames, sequence.ground_truth.poses, strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_walk_is_smooth_has_parallax_and_touches_nothing(seed: int) -> None:
    sequence = SimulatedSequence(frames=600, size=(64, 48), seed=seed)
    positions = np.array([pose.translation for pose in sequence.ground_truth.poses])
    rotations = [pose.rotation for pose in sequence.ground_truth.poses]
    assert np.all(np.abs(positions[:, :2]) < np.array(ROOM[:2]) / 2 - 1.0)
    steps = np.linalg.norm(np.diff(positions[:, :2], axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.8 / 20, rtol=0.02)
    turns = [np.degrees(np.linalg.norm(cv2.Rodrigues(a.T @ b)[0])) for a, b in itertools.pairwise(rotations)]
    assert max(turns) < 3.0
    assert max(abs(a - b) for a, b in itertools.pairwise(turns)) < 0.5
    assert all(sequence.depth(index).min() > 0.4 for index in range(0, 600, 60))


def test_every_pixel_sees_a_surface() -> None:
    sequence = SimulatedSequence(frames=200, seed=2)
    for index in (0, 70, 140):
        assert np.isfinite(sequence.depth(index)).all()


def test_effects() -> None:
    clean = SimulatedSequence(frames=40, size=SIZE, noise=0.0)
    noisy = SimulatedSequence(frames=40, size=SIZE, noise=4.0)
    difference = noisy.frame(3).image.astype(float) - clean.frame(3).image
    assert difference.std() == pytest.approx(4.0, rel=0.1)
    dark = [SimulatedSequence(frames=90, size=SIZE, noise=0.0, exposure=0.4).frame(i).image.mean() for i in (25, 75)]
    plain = [SimulatedSequence(frames=90, size=SIZE, noise=0.0).frame(i).image.mean() for i in (25, 75)]
    assert dark[0] > 1.2 * plain[0]
    assert dark[1] < 0.7 * plain[1]
    blurred = SimulatedSequence(frames=40, size=SIZE, noise=0.0, motion_blur=0.9)
    sharpness = [cv2.Laplacian(s.frame(20).image, cv2.CV_64F).var() for s in (clean, blurred)]
    assert sharpness[1] < 0.9 * sharpness[0]


def test_stereo_disparity_is_baseline_times_focal_length_over_depth() -> None:
    left = SimulatedSequence(frames=2, noise=0.0, baseline=0.12)
    a, b = left.frame(0).image, left.right.frame(0).image
    points = corners(a)
    depth = left.depth(0)[np.rint(points[:, 1]).astype(int), np.rint(points[:, 0]).astype(int)]
    expected = points - np.column_stack((left.camera.fx * 0.12 / depth, np.zeros(len(depth))))
    inside = np.all((expected > 10) & (expected < (629, 469)), axis=1)
    errors = np.linalg.norm(refine(b, expected[inside]) - expected[inside], axis=1)
    assert np.median(errors) < 0.1
    baseline = left.ground_truth.poses[0].inverse() @ left.right.ground_truth.poses[0]
    np.testing.assert_allclose(baseline.translation, (0.12, 0, 0), atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {"frames": 0},
        {"size": (0, 10)},
        {"rate": 0.0},
        {"noise": -1.0},
        {"exposure": 1.5},
        {"motion_blur": 2.0},
        {"field_of_view": 180.0},
    ],
)
def test_impossible_settings_are_refused(settings: dict) -> None:
    with pytest.raises(ConfigError):
        SimulatedSequence(**settings)


def test_mono_has_no_right_camera() -> None:
    with pytest.raises(ConfigError, match="baseline"):
        _ = SimulatedSequence(frames=1).right
