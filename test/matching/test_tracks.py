import numpy as np
import pytest

from superpoint_ros.matching.tracks import Tracker
from superpoint_ros.types import Camera, Features, Matches

CAMERA = Camera(640, 480, 500.0, 250.0, 320.0, 240.0)


def at(*points: tuple[float, float]) -> Features:
    n = len(points)
    keypoints = np.array(points, np.float32).reshape(n, 2)
    return Features(keypoints, np.ones(n, np.float32), np.ones((n, 1), np.float32), (640, 480), "test")


def pairs(*rows: tuple[int, int]) -> Matches:
    before, now = np.array(rows, np.int64).reshape(-1, 2).T
    return Matches(before.copy(), now.copy(), np.ones(len(rows), np.float32))


def test_ids_follow_matches_and_are_never_reused() -> None:
    tracker = Tracker()
    first = tracker.update(at((10, 10), (20, 20), (30, 30)), None, 0.0, CAMERA)
    assert first.id.tolist() == [0, 1, 2]
    second = tracker.update(at((31, 30), (99, 99), (11, 10)), pairs((2, 0), (0, 2)), 0.1, CAMERA)
    assert second.id.tolist() == [2, 3, 0]
    assert second.length.tolist() == [2, 1, 2]
    third = tracker.update(at((100, 99), (5, 5)), pairs((1, 0)), 0.2, CAMERA)
    assert third.id.tolist() == [3, 4]
    assert third.length.tolist() == [2, 1]
    assert (third.id.dtype, third.length.dtype, third.velocity.dtype) == (np.uint64, np.uint32, np.float32)


def test_velocity_is_normalized_units_per_second() -> None:
    tracker = Tracker()
    tracker.update(at((320, 240)), None, 5.0, CAMERA)
    tracks = tracker.update(at((330, 240), (7, 7)), pairs((0, 0)), 5.5, CAMERA)
    np.testing.assert_allclose(tracks.normalized[0], [0.02, 0.0], atol=1e-7)
    np.testing.assert_allclose(tracks.velocity, [[0.04, 0.0], [0.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("camera", [None, Camera(640, 480, 0.0, 0.0, 0.0, 0.0)])
def test_without_a_usable_camera_velocity_is_pixels_per_second(camera: Camera | None) -> None:
    tracker = Tracker()
    tracker.update(at((100, 100)), None, 0.0, camera)
    tracks = tracker.update(at((110, 95)), pairs((0, 0)), 0.5, camera)
    np.testing.assert_allclose(tracks.velocity, [[20.0, -10.0]])
    assert np.isnan(tracks.normalized).all()


@pytest.mark.parametrize("stamp", [9.0, 10.0])
def test_time_that_does_not_advance_starts_new_tracks(stamp: float) -> None:
    tracker = Tracker()
    tracker.update(at((1, 1), (2, 2)), None, 10.0, CAMERA)
    tracks = tracker.update(at((1, 1), (2, 2)), pairs((0, 0), (1, 1)), stamp, CAMERA)
    assert tracks.id.tolist() == [2, 3]
    assert tracks.length.tolist() == [1, 1]
    assert (tracks.velocity == 0.0).all()
    assert tracker.update(at((1, 1)), pairs((1, 0)), stamp + 0.1, CAMERA).id.tolist() == [3]


def test_images_without_keypoints() -> None:
    tracker = Tracker()
    assert len(tracker.update(at(), None, 0.0, CAMERA)) == 0
    assert tracker.update(at((1, 1)), pairs(), 0.1, CAMERA).id.tolist() == [0]
    assert len(tracker.update(at(), pairs(), 0.2, CAMERA)) == 0
