import numpy as np
import pytest

from superpoint_ros.matching.mutual_nearest import empty_matches
from superpoint_ros.matching.tracks import Tracker
from superpoint_ros.matching.view import View
from superpoint_ros.types import Camera, Features, FeatureTracks, Matches

CAMERA = Camera(640, 480, 500.0, 250.0, 320.0, 240.0)
NONE = empty_matches()


def at(stamp: float, *points: tuple[float, float], camera: Camera | None = CAMERA) -> View:
    n = len(points)
    keypoints = np.array(points, np.float32).reshape(n, 2)
    return View.of(Features(keypoints, np.ones(n, np.float32), np.ones((n, 1), np.float32), (640, 480), "test"), stamp, camera)


def pairs(*rows: tuple[int, int]) -> Matches:
    before, now = np.array(rows, np.int64).reshape(-1, 2).T
    return Matches(before.copy(), now.copy(), np.ones(len(rows), np.float32))


def started(*points: tuple[float, float], stamp: float = 0.0, camera: Camera | None = CAMERA) -> tuple[Tracker, FeatureTracks]:
    """A tracker whose first image is the reference."""
    tracker = Tracker()
    tracks = tracker.update(at(stamp, *points, camera=camera), NONE, NONE)
    tracker.set_reference()
    return tracker, tracks


def test_ids_follow_the_reference_and_are_never_reused() -> None:
    tracker, first = started((10, 10), (20, 20), (30, 30))
    assert first.id.tolist() == [0, 1, 2]
    second = tracker.update(at(0.1, (31, 30), (99, 99), (11, 10)), pairs((2, 0), (0, 2)), NONE)
    assert second.id.tolist() == [2, 3, 0]
    assert second.length.tolist() == [2, 1, 2]
    tracker.reset()
    third = tracker.update(at(0.2, (31, 30)), NONE, NONE)
    assert third.id.tolist() == [4]
    assert (third.id.dtype, third.length.dtype, third.velocity.dtype) == (np.uint64, np.uint32, np.float32)


def test_a_track_of_the_reference_comes_back_after_images_without_it() -> None:
    tracker, _ = started((320, 240), (400, 300))
    tracker.update(at(1.0, (330, 240)), pairs((0, 0)), NONE)
    tracker.update(at(2.0), NONE, NONE)
    back = tracker.update(at(3.0, (340, 240), (420, 300)), pairs((0, 0), (1, 1)), NONE)
    assert back.id.tolist() == [0, 1]
    assert back.length.tolist() == [3, 2], "images in which it was seen"
    # 10 pixels since second 1, and 20 since second 0, over a focal length of 500.
    np.testing.assert_allclose(back.velocity[:, 0], [0.02 / 2.0, 0.04 / 3.0], atol=1e-7)


def test_the_previous_image_carries_what_the_reference_does_not_have() -> None:
    tracker, _ = started((10, 10))
    tracker.update(at(1.0, (11, 10), (50, 50)), pairs((0, 0)), NONE)
    third = tracker.update(at(2.0, (51, 50), (12, 10)), pairs((0, 1)), pairs((1, 0)))
    assert third.id.tolist() == [1, 0]
    assert third.length.tolist() == [2, 3]


def test_a_track_that_only_the_previous_image_could_follow_stays_that_of_the_reference() -> None:
    tracker, _ = started((10, 10))
    tracker.update(at(1.0, (11, 10)), pairs((0, 0)), NONE)
    tracker.update(at(2.0, (12, 10)), NONE, pairs((0, 0)))
    assert tracker.update(at(3.0, (13, 10)), pairs((0, 0)), NONE).length.tolist() == [4]


def test_links_through_the_reference() -> None:
    tracker, _ = started((10, 10), (20, 20), (30, 30))
    tracker.update(at(1.0, (30, 30), (10, 10), (77, 77)), pairs((2, 0), (0, 1)), NONE)
    # The reference's keypoints 0 and 1 are seen now; of these the previous image had only 0, as its keypoint 1.
    links = tracker.linked(pairs((0, 5), (1, 6)))
    assert (links.reference_index.tolist(), links.current_index.tolist()) == ([1], [5])


def test_a_new_reference_replaces_the_old_one() -> None:
    tracker, _ = started((10, 10), (20, 20))
    tracker.update(at(1.0, (21, 20)), pairs((1, 0)), NONE)
    tracker.set_reference()
    tracks = tracker.update(at(2.0, (22, 20)), pairs((0, 0)), NONE)
    assert (tracks.id.tolist(), tracks.length.tolist()) == ([1], [3])


def test_velocity_is_normalized_units_per_second() -> None:
    tracker, _ = started((320, 240), stamp=5.0)
    tracks = tracker.update(at(5.5, (330, 240), (7, 7)), pairs((0, 0)), NONE)
    np.testing.assert_allclose(tracks.normalized[0], [0.02, 0.0], atol=1e-7)
    np.testing.assert_allclose(tracks.velocity, [[0.04, 0.0], [0.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("camera", [None, Camera(640, 480, 0.0, 0.0, 0.0, 0.0)])
def test_without_a_usable_camera_velocity_is_pixels_per_second(camera: Camera | None) -> None:
    tracker, _ = started((100, 100), camera=camera)
    tracks = tracker.update(at(0.5, (110, 95), camera=camera), pairs((0, 0)), NONE)
    np.testing.assert_allclose(tracks.velocity, [[20.0, -10.0]])
    assert np.isnan(tracks.normalized).all()


def test_images_without_keypoints() -> None:
    tracker, first = started()
    assert len(first) == 0
    assert tracker.update(at(0.1, (1, 1)), NONE, NONE).id.tolist() == [0]
    assert len(tracker.update(at(0.2), NONE, NONE)) == 0
