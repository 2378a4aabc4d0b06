"""Pictures show what they are about."""

from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.drawing import draw_features, draw_matches, to_picture
from superpoint_ros.types import Features, FeatureTracks, Matches, TwoViewGeometry, TwoViewModel, TwoViewStatus

GREY = np.full((240, 320), 60, np.uint8)


def features(*points: tuple[float, float]) -> Features:
    n = len(points)
    keypoints = np.array(points, np.float32).reshape(n, 2)
    return Features(keypoints, np.linspace(1, 0.1, n).astype(np.float32), np.zeros((n, 4), np.float32), (320, 240), "test:1")


def changed(picture: np.ndarray) -> np.ndarray:
    """(H, W) where the picture differs from the image, apart from the line of text."""
    different = (picture != 60).any(axis=2)
    different[-20:] = False
    return different


def test_a_circle_around_each_keypoint_and_the_better_one_is_brighter() -> None:
    picture = draw_features(GREY, features((50.5, 60.0), (200.0, 100.0)))
    different = changed(picture)
    assert different[55:66, 45:57].any()
    assert different[95:106, 195:206].any()
    assert different.sum() == different[55:66, 45:57].sum() + different[95:106, 195:206].sum()
    assert picture[55:66, 45:57].sum() > picture[95:106, 195:206].sum()
    assert (picture[-20:] != 60).any()
    assert (GREY == 60).all()


def geometry(inliers: list[bool]) -> TwoViewGeometry:
    mask = np.array(inliers, bool)
    return TwoViewGeometry(TwoViewStatus.OK, TwoViewModel.ESSENTIAL, "", np.zeros(len(mask), bool), mask, parallax=2.0)


def test_inliers_are_green_outliers_red_and_tails_lead_to_where_they_were() -> None:
    reference, current = features((50, 50), (50, 150)), features((90, 50), (90, 150))
    matches = Matches(np.arange(2), np.arange(2), np.ones(2, np.float32))
    picture = draw_matches(GREY, reference, current, matches, geometry([True, False])).astype(int)
    for y, colour in ((50, 1), (150, 0)):
        for x in (55, 70, 90):
            assert picture[y, x].argmax() == colour
        assert (picture[y, 30] == 60).all()


def test_long_tracks_have_larger_dots() -> None:
    current = features((90, 50), (90, 150))
    matches = Matches(np.arange(2), np.arange(2), np.ones(2, np.float32))
    zeros = np.zeros((2, 2), np.float32)
    tracks = FeatureTracks(np.arange(2, dtype=np.uint64), current.keypoints, zeros, zeros, np.array([9, 1], np.uint32))
    different = changed(draw_matches(GREY, current, current, matches, geometry([True, True]), tracks))
    assert different[:100].sum() > different[100:].sum() > 0


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 300), (300, 1), (40, 40, 3)])
def test_tiny_images_and_empty_features(shape: tuple[int, ...]) -> None:
    image = np.zeros(shape, np.uint8)
    none = Matches(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert draw_features(image, features()).shape == (*shape[:2], 3)
    assert draw_matches(image, features(), features(), none, geometry([])).shape == (*shape[:2], 3)


def test_deep_images_are_stretched_to_what_can_be_seen() -> None:
    deep = np.linspace(1000, 1100, 256, dtype=np.float32).reshape(16, 16)
    for image in (deep.astype(np.uint16), deep):
        picture = to_picture(image)
        assert picture.dtype == np.uint8
        assert (picture.min(), picture.max()) == (0, 255)
    assert to_picture(np.full((4, 4), 7, np.uint16)).max() == 0
