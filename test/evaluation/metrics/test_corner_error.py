"""Corner errors against loops and motions with a known one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.corner_error import corner_error


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_it_is_the_mean_over_four_corners(make_case, seed: int) -> None:
    case, other = make_case(seed), make_case(seed + 1)
    width, height = case.first_size
    corners = [np.array(corner) for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1))]
    expected = sum(math.dist(case.warp(corner), other.warp(corner)) for corner in corners) / 4
    found = corner_error(other.homography, case.homography, case.first_size)
    assert found == pytest.approx(expected)
    assert corner_error(7.0 * other.homography, case.homography, case.first_size) == pytest.approx(found)


def test_known_motions() -> None:
    shift = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0], [0.0, 0.0, 1.0]])
    assert corner_error(shift, np.eye(3), (640, 480)) == pytest.approx(5.0)
    # Twice as large about the first pixel: every corner is off by its distance to that pixel.
    assert corner_error(np.diag([2.0, 2.0, 1.0]), np.eye(3), (4, 5)) == pytest.approx((0 + 3 + 4 + 5) / 4)


def test_no_homography_and_one_that_turns_the_image_inside_out_are_infinitely_wrong() -> None:
    assert corner_error(None, np.eye(3), (640, 480)) == math.inf
    horizon = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-0.01, 0.0, 1.0]])
    assert corner_error(horizon, np.eye(3), (640, 480)) == math.inf
