"""Accuracy of matches against loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.matching_accuracy import THRESHOLDS, match_errors, matching_accuracy


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_errors_and_accuracy_are_what_loops_give(make_case, seed: int) -> None:
    case = make_case(seed)
    count = min(len(case.first), len(case.second))
    errors = match_errors(case.first[:count], case.second[:count], case.homography)
    expected = [math.dist(case.warp(a), map(float, b)) for a, b in zip(case.first, case.second, strict=False)]
    assert errors == pytest.approx(expected, abs=1e-5)
    shares = [sum(e <= t for e in expected) / count for t in range(1, 11)]
    assert matching_accuracy(errors) == pytest.approx(shares)


def test_known_errors() -> None:
    assert tuple(range(1, 11)) == THRESHOLDS
    accuracy = matching_accuracy(np.array([0.0, 1.0, 1.5, 3.0, 42.0]))
    assert accuracy == pytest.approx([0.4, 0.6, 0.8, *[0.8] * 7])


def test_a_pair_without_matches_has_no_accuracy_but_counts() -> None:
    assert matching_accuracy(np.empty(0), (1.0, 3.0)) == (0.0, 0.0)


def test_behind_the_camera_no_match_is_right() -> None:
    horizon = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-0.1, 0.0, 1.0]])
    assert match_errors(np.array([[20.0, 0.0]]), np.array([[-20.0, 0.0]]), horizon).tolist() == [math.inf]
