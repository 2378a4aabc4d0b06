"""Average precision and localization error of detectors: cases with known answers."""

import math

import numpy as np
import pytest

from superpoint_ros.evaluation.metrics.corner_detection import Detections, DetectorQuality, detector_quality, judge

CORNERS = np.array([[10, 10], [40, 10], [40, 50]], np.float32)
SCORES = np.array([0.9, 0.8, 0.7], np.float32)
RIGHT = np.array([1, 0], np.float32)
NOTHING = np.empty((0, 2), np.float32)


def quality(*images: tuple) -> DetectorQuality:
    return detector_quality([judge(*(np.asarray(array, np.float32) for array in image)) for image in images])


def test_perfect():
    assert quality((CORNERS, SCORES, CORNERS)) == DetectorQuality(1.0, 0.0)


def test_shift_within_and_beyond_the_tolerance():
    near = quality((CORNERS + RIGHT * 3, SCORES, CORNERS))
    assert near == DetectorQuality(1.0, 3.0)
    far = quality((CORNERS + RIGHT * 5, SCORES, CORNERS))
    assert far.average_precision == 0.0
    assert math.isnan(far.localization_error)
    assert detector_quality([judge(CORNERS + RIGHT * 5, SCORES, CORNERS, max_error=5.0)]) == DetectorQuality(1.0, 5.0)


def test_corner_is_found_once():
    """Ranking: corner 1, corner 1 again (wrong), corner 2; the third corner is never found."""
    found = quality(([[10, 10], [11, 10], [40, 10]], SCORES, CORNERS))
    assert found.average_precision == pytest.approx((1 + 2 / 3) / 3)


def test_second_detection_takes_the_next_corner_within_reach():
    corners = [[10, 10], [13, 10]]
    found = judge(np.array([[11, 10], [10, 10]]), np.array([0.5, 0.4]), np.array(corners))
    assert found.distances.tolist() == [1.0, 3.0]


def test_order_of_the_detections_does_not_matter_but_their_scores_do():
    points, scores = [[10, 10], [80, 80], [40, 10]], [0.5, 0.9, 0.7]
    found = quality((points, scores, CORNERS))
    assert found == quality((points[::-1], scores[::-1], CORNERS))
    assert found.average_precision == pytest.approx((1 / 2 + 2 / 3) / 3)


def test_detections_in_an_image_without_corners_lower_the_precision():
    wrong = ([[5, 5]], [0.85], NOTHING)
    assert quality((CORNERS, SCORES, CORNERS), wrong).average_precision == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert quality((CORNERS, SCORES, CORNERS), ([[5, 5]], [0.1], NOTHING)).average_precision == 1.0


def test_equal_scores_are_accepted_at_once():
    """Three right and one wrong at one threshold: precision 3/4 at recall 1, in whatever order they come."""
    points = np.concatenate([CORNERS, [[80, 80]]])
    for order in ([0, 1, 2, 3], [3, 0, 1, 2]):
        assert quality((points[order], [1, 1, 1, 1], CORNERS)).average_precision == pytest.approx(3 / 4)


def test_nothing_found_and_nothing_to_find():
    for images in ([], [(NOTHING, [], CORNERS)], [(CORNERS, SCORES, NOTHING)], [(NOTHING, [], NOTHING)]):
        result = quality(*images)
        assert result.average_precision == 0.0
        assert math.isnan(result.localization_error)
    assert judge(NOTHING, np.empty(0), CORNERS).corners == 3
    assert isinstance(judge(NOTHING, np.empty(0), NOTHING), Detections)
