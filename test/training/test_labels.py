"""Detector targets: what the heat map should be."""

import numpy as np
import pytest

from superpoint_ros.features.detector import refine_keypoints
from superpoint_ros.features.image import CELL
from superpoint_ros.training.labels import InterestPoints, detector_target


def points(*corners, confidence=None):
    array = np.array(corners, np.float32).reshape(-1, 2)
    return InterestPoints(array, np.ones(len(array), np.float32) if confidence is None else np.array(confidence, np.float32))


def test_target_has_the_confidence_of_each_point_around_it_and_nothing_elsewhere():
    heat = detector_target(points([10, 9], [27.4, 21.7], confidence=[0.6, 0.3]), 32, 40)
    assert heat.dtype == np.float32
    assert heat[6:13, 7:14].sum() == pytest.approx(0.6, abs=1e-6)
    assert heat[19:25, 25:31].sum() == pytest.approx(0.3, abs=1e-6)
    assert heat.sum() == pytest.approx(0.9, abs=1e-6)


def test_keypoints_of_the_target_are_where_the_points_are():
    corners = np.array([[10.0, 9.0], [27.4, 21.7], [40.5, 12.5], [15.6, 23.6]], np.float32)  # the last ones are shared by cells
    heat = detector_target(points(*corners), 32, 48)
    peaks = np.array([np.argwhere(heat == heat[y - 2 : y + 4, x - 2 : x + 4].max())[0][::-1] for x, y in corners.astype(int)])
    assert refine_keypoints(heat, peaks) == pytest.approx(corners, abs=0.05)


def test_points_that_share_a_cell_share_its_certainty():
    heat = detector_target(points([2, 2], [5, 5], [3, 5], confidence=[1.0, 0.6, 0.4]), 8, 8)
    assert heat.reshape(1, CELL, 1, CELL).sum() == pytest.approx(1.0, abs=1e-6)
    assert heat[2, 2] == pytest.approx(heat[5, 5] / 0.6, rel=0.1)


def test_what_lies_outside_or_nowhere_is_ignored():
    heat = detector_target(points([np.inf, 2], [np.nan, 3], [-9, 5], [30, 3], [-0.5, 4]), 16, 16)
    assert np.isfinite(heat).all()
    assert heat.sum() == heat[4, 0] == 0.5  # of what lies half inside, half
    assert (detector_target(points(), 16, 16) == 0.0).all()
