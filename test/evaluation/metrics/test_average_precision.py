"""NN mAP against a loop over every threshold, and rankings with a known area."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.average_precision import average_precision, nearest_neighbour_ap


def area(found: list[tuple[float, bool]]) -> float:
    """Precision at every threshold that accepts something new, weighted by the recall that it adds."""
    total = sum(correct for _, correct in found)
    if total == 0:
        return 0.0
    sum_, before = 0.0, 0
    for threshold in sorted({confidence for confidence, _ in found}, reverse=True):
        accepted = [correct for confidence, correct in found if confidence >= threshold]
        sum_ += (sum(accepted) - before) / total * sum(accepted) / len(accepted)
        before = sum(accepted)
    return sum_


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), st.booleans()), min_size=1))
def test_area_is_that_of_all_thresholds(found: list[tuple[float, bool]]) -> None:
    confidence, correct = (np.array(column) for column in zip(*found, strict=True))
    assert average_precision(correct, confidence) == pytest.approx(area(found))


def test_areas_that_are_known() -> None:
    descending = np.array([0.9, 0.8, 0.7, 0.6])
    assert average_precision(np.array([True, True, False, False]), descending) == 1.0
    assert average_precision(np.array([False, False, True, True]), descending) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert average_precision(np.array([True, False, True, False]), descending) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([False, False]), np.array([0.3, 0.2])) == 0.0


def test_equal_confidences_have_no_order() -> None:
    assert average_precision(np.array([True, False]), np.array([0.5, 0.5])) == pytest.approx(0.5)
    assert average_precision(np.array([False, True]), np.array([0.5, 0.5])) == pytest.approx(0.5)


@given(st.integers(0, 2**32), st.sampled_from([1.0, 3.0, 8.0]))
@settings(deadline=None, max_examples=60)
def test_a_pair_is_what_loops_over_the_definition_give(make_case, seed: int, epsilon: float) -> None:
    case = make_case(seed)
    similarity = case.first_descriptors @ case.second_descriptors.T
    forward, backward = [], []
    for i, p in enumerate(case.first):
        j = int(np.argmax(similarity[i]))
        if case.first_is_seen(p):
            forward.append((float(similarity[i, j]), math.dist(case.warp(p), map(float, case.second[j])) <= epsilon))
    for j, p in enumerate(case.second):
        i = int(np.argmax(similarity[:, j]))
        if case.second_is_seen(p):
            backward.append((float(similarity[i, j]), math.dist(case.back(p), map(float, case.first[i])) <= epsilon))
    found = nearest_neighbour_ap(
        case.first,
        case.second,
        case.first_descriptors,
        case.second_descriptors,
        case.homography,
        case.first_size,
        case.second_size,
        epsilon,
    )
    assert found == pytest.approx((area(forward) + area(backward)) / 2)


def test_no_descriptors_find_nothing() -> None:
    nothing, one = np.empty((0, 2), np.float32), np.ones((1, 2), np.float32)
    assert (
        nearest_neighbour_ap(nothing, one, np.empty((0, 8), np.float32), np.ones((1, 8), np.float32), np.eye(3), (9, 9), (9, 9))
        == 0.0
    )
