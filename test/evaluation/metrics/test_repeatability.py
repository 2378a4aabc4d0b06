"""Repeatability and localization error against loops and cases that can be done in the head."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.repeatability import repeatability

SHIFT = np.array([[1.0, 0.0, 10.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
SIZE = (100, 50)


def points(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, np.float32).reshape(-1, 2)


@given(st.integers(0, 2**32), st.sampled_from([1.0, 3.0, 5.0]))
@settings(deadline=None, max_examples=60)
def test_it_is_what_loops_over_the_definition_give(make_case, seed: int, epsilon: float) -> None:
    case = make_case(seed)
    first = [case.warp(p) for p in case.first if case.first_is_seen(p)]
    second = [tuple(map(float, p)) for p in case.second if case.second_is_seen(p)]
    nearest = [min((math.dist(a, b) for b in second), default=math.inf) for a in first]
    nearest += [min((math.dist(a, b) for a in first), default=math.inf) for b in second]
    repeated = [distance for distance in nearest if distance <= epsilon]
    found = repeatability(case.first, case.second, case.homography, case.first_size, case.second_size, epsilon)
    assert found.keypoints == len(nearest)
    assert found.share == pytest.approx(len(repeated) / len(nearest) if nearest else 0.0)
    expected = sum(repeated) / len(repeated) if repeated else math.nan
    assert found.localization_error == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_three_of_five_points_in_the_common_area_are_repeated() -> None:
    # (95, 20) moves out of the image and (5, 5) of the second image comes from outside: neither counts.
    first = points((20, 20), (50, 30), (95, 20))
    second = points((30, 22), (28, 20), (80, 30), (5, 5))
    found = repeatability(first, second, SHIFT, SIZE, SIZE, 3.0)
    assert found.keypoints == 5
    assert found.share == pytest.approx(3 / 5)
    assert found.localization_error == pytest.approx((2 + 2 + 2) / 3)


def test_every_point_of_an_image_counts_for_itself() -> None:
    one, many = points((40, 20)), points((50, 20), (51, 20), (80, 40), (90, 10))
    assert repeatability(one, many, SHIFT, SIZE, SIZE).share == pytest.approx((1 + 2) / 5)


def test_a_point_at_exactly_epsilon_is_repeated() -> None:
    found = repeatability(points((20, 20)), points((33, 20)), SHIFT, SIZE, SIZE, 3.0)
    assert (found.share, found.localization_error) == (1.0, 3.0)
    assert repeatability(points((20, 20)), points((33.01, 20)), SHIFT, SIZE, SIZE, 3.0).share == 0.0


def test_the_image_ends_half_a_pixel_beyond_the_centres_of_its_border_pixels() -> None:
    assert repeatability(points((89.4, 20)), points((99, 20)), SHIFT, SIZE, SIZE).keypoints == 2
    assert repeatability(points((89.6, 20)), points((99, 20)), SHIFT, SIZE, SIZE).keypoints == 1
    assert repeatability(points((50, -0.4)), points((60, 0)), SHIFT, SIZE, SIZE).keypoints == 2


def test_distances_are_those_in_the_second_image() -> None:
    zoom = np.diag([2.0, 2.0, 1.0])
    found = repeatability(points((10, 10)), points((22, 20)), zoom, SIZE, SIZE, 3.0)
    assert found.localization_error == pytest.approx(2.0)


def test_nothing_found_is_nothing_repeated() -> None:
    found = repeatability(points(), points((50, 20)), SHIFT, SIZE, SIZE)
    assert found.share == 0.0 and math.isnan(found.localization_error) and found.keypoints == 1


def test_what_lies_behind_the_camera_is_not_seen() -> None:
    horizon = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-0.02, 0.0, 1.0]])
    found = repeatability(points((10, 10), (90, 20)), points((12.5, 12.5)), horizon, SIZE, SIZE)
    assert (found.keypoints, found.share) == (2, 1.0)
