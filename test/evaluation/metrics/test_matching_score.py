"""Matching score against loops and a case with a known answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.matching_score import matching_score


@given(st.integers(0, 2**32), st.sampled_from([1.0, 3.0]))
@settings(deadline=None, max_examples=60)
def test_it_is_what_loops_over_the_definition_give(make_case, seed: int, epsilon: float) -> None:
    case = make_case(seed)
    count = min(len(case.first), len(case.second))
    index = np.random.default_rng(seed).permutation(len(case.second))[:count]
    # Matches that are right more often than chance would make them.
    for i in range(count):
        distances = [math.dist(case.warp(case.first[i]), map(float, p)) for p in case.second]
        if (best := int(np.argmin(distances))) not in index:
            index[i] = best
    matches = list(zip(range(count), index.tolist(), strict=True))
    scores = []
    for which in (0, 1):
        points = (case.first, case.second)[which]
        is_seen = (case.first_is_seen, case.second_is_seen)[which]
        seen = {i for i, p in enumerate(points) if is_seen(p)}
        correct = 0
        for a, b in matches:
            error = (
                math.dist(case.warp(case.first[a]), map(float, case.second[b]))
                if which == 0
                else math.dist(case.back(case.second[b]), map(float, case.first[a]))
            )
            correct += (a, b)[which] in seen and error <= epsilon
        scores.append(correct / len(seen) if seen else 0.0)
    found = matching_score(
        case.first, case.second, np.arange(count), index, case.homography, case.first_size, case.second_size, epsilon
    )
    assert found == pytest.approx(sum(scores) / 2)


def test_one_right_match_among_three_points_and_two() -> None:
    shift = np.array([[1.0, 0.0, 10.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    # The last of first leaves the second image, the last of second was never in the first.
    first = np.array([[20, 20], [40, 20], [60, 20], [95, 5]], np.float32)
    second = np.array([[30, 20], [80, 45], [2, 2]], np.float32)
    index = np.array([0, 1]), np.array([0, 1])
    assert matching_score(first, second, *index, shift, (100, 50), (100, 50)) == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_nothing_to_match_scores_nothing() -> None:
    nothing = np.empty((0, 2), np.float32)
    none = np.empty(0, np.int64)
    assert matching_score(nothing, np.array([[1, 1]], np.float32), none, none, np.eye(3), (9, 9), (9, 9)) == 0.0
