from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from superpoint_ros.config import KeyframeConfig, MatcherConfig
from superpoint_ros.matching.front_end import PairMatcher
from superpoint_ros.types import Camera, Features, TwoViewStatus

CAMERA = Camera(640, 480, 500.0, 500.0, 320.0, 240.0)


class World:
    """Points with descriptors of their own, seen by a camera that slides sideways."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.points = np.column_stack([rng.uniform(-4, 4, 400), rng.uniform(-1.5, 1.5, 400), rng.uniform(4, 8, 400)])
        descriptors = rng.normal(size=(400, 32))
        self.descriptors = (descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)).astype(np.float32)

    def seen_from(self, x: float, model: str = "test", size: tuple[int, int] = (640, 480)) -> Features:
        """Features in the order of the points, without those outside the image."""
        points = self.points - (x, 0.0, 0.0)
        pixels = points[:, :2] / points[:, 2:] * 500.0 + (320.0, 240.0)
        visible = ((pixels > 0) & (pixels < (640, 480))).all(axis=1)
        n = int(visible.sum())
        return Features(pixels[visible].astype(np.float32), np.ones(n, np.float32), self.descriptors[visible], size, model)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_first_image_has_nothing_to_be_compared_with(world: World) -> None:
    result = PairMatcher().update(world.seen_from(0.0), 3.0, CAMERA)
    assert result.reference is None
    assert result.geometry is None
    assert np.isnan(result.reference_stamp)
    assert len(result.matches) == 0
    assert result.is_keyframe
    assert result.reset_reason == ""
    assert len(result.tracks) == len(result.current)


def test_stages_are_entered_and_left_one_after_the_other(world: World) -> None:
    said: list[str] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        said.append(name)
        yield
        said.append(f"after {name}")

    front_end = PairMatcher()
    front_end.update(world.seen_from(0.0), 0.0, CAMERA, stage)
    assert said == []
    front_end.update(world.seen_from(0.1), 0.1, CAMERA, stage)
    assert said == ["match", "after match", "geometry", "after geometry", "tracks", "after tracks"]


def test_every_frame_compares_consecutive_images(world: World) -> None:
    front_end = PairMatcher(keyframes=KeyframeConfig(policy="every_frame"))
    front_end.update(world.seen_from(0.0), 0.0, CAMERA)
    for i in range(1, 4):
        result = front_end.update(world.seen_from(0.1 * i), 0.1 * i, CAMERA)
        assert result.reference_stamp == pytest.approx(0.1 * (i - 1))
        assert result.is_keyframe
        assert result.geometry.status is TwoViewStatus.OK, result.geometry.reason
        np.testing.assert_allclose(result.geometry.T_current_reference.translation, [-1.0, 0.0, 0.0], atol=1e-3)
        np.testing.assert_array_equal(
            result.reference.descriptors[result.matches.reference_index], result.current.descriptors[result.matches.current_index]
        )


def test_reference_stays_until_there_is_parallax(world: World) -> None:
    front_end = PairMatcher(keyframes=KeyframeConfig(parallax=2.0, max_motion=1.0, min_shared=0.1))
    references = [front_end.update(world.seen_from(0.05 * i), float(i), CAMERA).reference_stamp for i in range(12)]
    # Points 4 to 8 m away: 2 degrees are 0.2 m sideways, which is four or five steps of 0.05 m.
    assert references[1:5] == [0.0, 0.0, 0.0, 0.0]
    assert references[6] == references[7]
    assert references[6] in (4.0, 5.0)


def test_tracks_go_on_while_the_reference_stays(world: World) -> None:
    front_end = PairMatcher(keyframes=KeyframeConfig(parallax=90.0, max_motion=1.0, min_shared=0.0))
    results = [front_end.update(world.seen_from(0.1 * i), float(i), CAMERA) for i in range(6)]
    # The identity of a keypoint is that of its point, hence of its descriptor.
    point_of: dict[int, bytes] = {}
    for result in results:
        for identity, descriptor in zip(result.tracks.id.tolist(), result.current.descriptors, strict=True):
            assert point_of.setdefault(identity, descriptor.tobytes()) == descriptor.tobytes()
    assert [result.reference_stamp for result in results[1:]] == [0.0] * 5
    assert np.mean(results[-1].tracks.length == 6) > 0.75


def test_what_comes_into_view_between_keyframes_is_followed(world: World) -> None:
    front_end = PairMatcher(keyframes=KeyframeConfig(parallax=90.0, max_motion=1.0, min_shared=0.0))
    results = [front_end.update(world.seen_from(0.1 * i), float(i), CAMERA) for i in range(6)]
    reference = {descriptor.tobytes() for descriptor in results[0].current.descriptors}
    entered = [row.tobytes() not in reference for row in results[-1].current.descriptors]
    assert sum(entered) > 10
    # Steps of 0.1 m: most of them were in view before, and none for longer than since the second image.
    length = results[-1].tracks.length[entered]
    assert np.mean(length > 1) > 0.7
    assert length.max() == 5


def test_a_window_follows_the_motion_of_each_keypoint(world: World) -> None:
    """Near points move by 12 pixels per image: far out of the window, seen from the reference, but not since the image before."""
    keyframes = KeyframeConfig(parallax=90.0, max_motion=1.0, min_shared=0.0)
    narrow, wide = (PairMatcher(MatcherConfig(window=w), keyframes=keyframes) for w in (15.0, 0.0))
    for i in range(8):
        here, there = (matcher.update(world.seen_from(0.1 * i), float(i), CAMERA) for matcher in (narrow, wide))
        assert here.reference_stamp == there.reference_stamp or i == 0
    assert len(here.matches) == len(there.matches) > 200
    shift = here.current.keypoints[here.matches.current_index] - here.reference.keypoints[here.matches.reference_index]
    assert np.abs(shift).max() > 60.0


def test_standing_still_keeps_the_reference(world: World) -> None:
    front_end = PairMatcher()
    results = [front_end.update(world.seen_from(0.0), float(i), CAMERA) for i in range(4)]
    assert [result.geometry.status for result in results[1:]] == [TwoViewStatus.NO_MOTION] * 3
    assert [result.reference_stamp for result in results[1:]] == [0.0] * 3
    assert results[-1].tracks.id.tolist() == results[0].tracks.id.tolist()


def test_without_camera(world: World) -> None:
    front_end = PairMatcher()
    front_end.update(world.seen_from(0.0), 0.0)
    assert front_end.update(world.seen_from(0.1), 0.1).geometry.status is not TwoViewStatus.OK


@pytest.mark.parametrize(
    ("features", "stamp", "reason"),
    [
        (lambda world: world.seen_from(0.2), 0.05, "time did not advance: 0.050000 s after 0.100000 s"),
        (lambda world: world.seen_from(0.2), 0.1, "time did not advance"),
        (lambda world: world.seen_from(0.2, size=(800, 600)), 0.2, "image size changed from 640x480 to 800x600"),
        (lambda world: world.seen_from(0.2, model="other"), 0.2, "model changed from 'test' to 'other'"),
    ],
)
def test_starts_anew_with_a_reason(world: World, features, stamp: float, reason: str) -> None:
    front_end = PairMatcher()
    before = front_end.update(world.seen_from(0.0), 0.0, CAMERA)
    front_end.update(world.seen_from(0.1), 0.1, CAMERA)
    result = front_end.update(features(world), stamp, CAMERA)
    assert reason in result.reset_reason
    assert result.geometry is None
    assert result.is_keyframe
    assert result.tracks.id.min() > before.tracks.id.max()
    after = front_end.update(features(world), stamp + 0.1, CAMERA)
    assert after.reset_reason == ""
    assert after.reference_stamp == stamp


def test_an_image_without_keypoints_is_survived(world: World) -> None:
    front_end = PairMatcher()
    empty = Features(np.empty((0, 2), np.float32), np.empty(0, np.float32), np.empty((0, 32), np.float32), (640, 480), "test")
    front_end.update(world.seen_from(0.0), 0.0, CAMERA)
    black = front_end.update(empty, 0.1, CAMERA)
    assert black.geometry.status is TwoViewStatus.TOO_FEW_MATCHES
    assert front_end.update(world.seen_from(0.1), 0.2, CAMERA).geometry.status is TwoViewStatus.TOO_FEW_MATCHES
    assert front_end.update(world.seen_from(0.2), 0.3, CAMERA).geometry.status is TwoViewStatus.OK
