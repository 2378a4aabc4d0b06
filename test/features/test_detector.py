"""Keypoints come best first, as many as are asked for, and only where they may be; refinement moves them a little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from superpoint_ros.features.detector import AROUND, heat_around, refine_keypoints, select_keypoints


def test_best_keypoints_come_first_and_only_as_many_as_asked() -> None:
    heatmap = np.random.default_rng(0).random((60, 80), np.float32)
    pixels, scores = select_keypoints(heatmap, max_keypoints=25, threshold=0.0, nms_radius=2)
    every, _ = select_keypoints(heatmap, max_keypoints=10000, threshold=0.0, nms_radius=2)
    assert len(pixels) == 25 < len(every) and pixels.dtype == np.int64 and scores.dtype == np.float32
    np.testing.assert_array_equal(pixels, every[:25])
    np.testing.assert_array_equal(scores, heatmap[pixels[:, 1], pixels[:, 0]])
    assert (np.diff(scores) <= 0).all() and scores[0] == heatmap.max()


def test_threshold_itself_is_kept() -> None:
    heatmap = np.zeros((20, 20), np.float32)
    heatmap[5, 5], heatmap[10, 10] = 0.25, 0.249
    pixels, _ = select_keypoints(heatmap, max_keypoints=10, threshold=0.25, nms_radius=1)
    assert pixels.tolist() == [[5, 5]]


@pytest.mark.parametrize("border", [0, 1, 4])
def test_border_is_as_wide_as_asked_on_all_sides(border: int) -> None:
    heatmap = np.full((20, 30), 0.5, np.float32)
    pixels, _ = select_keypoints(heatmap, max_keypoints=10000, threshold=0.1, nms_radius=0, border=border)
    assert len(pixels) == (20 - 2 * border) * (30 - 2 * border)
    assert pixels.min(axis=0).tolist() == [border, border]
    assert pixels.max(axis=0).tolist() == [29 - border, 19 - border]


def test_border_wider_than_the_image_leaves_nothing() -> None:
    pixels, scores = select_keypoints(np.ones((8, 8), np.float32), max_keypoints=5, threshold=0, nms_radius=2, border=100)
    assert pixels.shape == (0, 2) and scores.shape == (0,)


def test_masked_maximum_is_dropped_and_still_suppresses() -> None:
    heatmap = np.zeros((20, 20), np.float32)
    heatmap[10, 10], heatmap[10, 11], heatmap[3, 3] = 0.9, 0.8, 0.5
    mask = np.ones((20, 20), bool)
    mask[10, 10] = False
    pixels, _ = select_keypoints(heatmap, max_keypoints=10, threshold=0.1, nms_radius=2, mask=mask)
    assert pixels.tolist() == [[3, 3]]


def test_mask_does_not_cost_keypoints_elsewhere() -> None:
    """The best K are chosen among what the mask leaves."""
    heatmap = np.random.default_rng(0).random((60, 60), np.float32)
    heatmap[:, :30] += 1
    mask = np.zeros((60, 60), bool)
    mask[:, 30:] = True
    pixels, _ = select_keypoints(heatmap, max_keypoints=10, threshold=0.0, nms_radius=1, mask=mask)
    assert len(pixels) == 10 and (pixels[:, 0] >= 30).all()


def test_heat_around_a_pixel_is_what_the_window_adds_up_to() -> None:
    heatmap = np.random.default_rng(0).random((20, 30), np.float32)
    weights = np.outer(AROUND, AROUND)
    assert weights[2, 2] == 1.0 == weights.max()
    around = heat_around(heatmap)
    padded = np.pad(heatmap, 2)  # beyond the image there is none
    expected = [[(padded[y : y + 5, x : x + 5] * weights).sum() for x in range(30)] for y in range(20)]
    np.testing.assert_allclose(around, expected, rtol=1e-5)


def test_a_point_whose_place_is_uncertain_outranks_a_weaker_one_that_is_certain() -> None:
    heatmap = np.zeros((20, 40), np.float32)
    heatmap[10, 10:12], heatmap[10, 30] = 0.3, 0.4
    assert heat_around(heatmap)[10, 10] > heat_around(heatmap)[10, 30] == np.float32(0.4)


@pytest.mark.parametrize("centre", [(10.0, 12.0), (10.3, 12.0), (9.8, 12.4), (10.45, 11.6)])
def test_refinement_finds_the_centre_of_a_peak(centre: tuple[float, float]) -> None:
    y, x = np.mgrid[:24, :24]
    heatmap = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 0.7**2)).astype(np.float32)
    points = refine_keypoints(heatmap, np.rint([centre]).astype(np.int64))
    assert points.dtype == np.float32
    np.testing.assert_allclose(points, [centre], atol=0.02)


def test_refinement_of_symmetric_peaks_moves_nothing_even_at_the_corner_of_the_image() -> None:
    heatmap = np.zeros((12, 12), np.float32)
    heatmap[0, 0] = heatmap[11, 11] = heatmap[5, 6] = 1
    pixels = np.array([[0, 0], [11, 11], [6, 5]])
    np.testing.assert_array_equal(refine_keypoints(heatmap, pixels), pixels)


@given(arrays(np.float32, (9, 11), elements=st.floats(0, 1, width=32)))
def test_refined_keypoints_stay_in_their_pixel(heatmap: np.ndarray) -> None:
    pixels, _ = select_keypoints(heatmap, max_keypoints=100, threshold=0.0, nms_radius=1)
    points = refine_keypoints(heatmap, pixels)
    assert np.isfinite(points).all() and (np.abs(points - pixels) <= 0.5).all()


def test_no_keypoints_are_no_trouble() -> None:
    pixels, scores = select_keypoints(np.zeros((8, 8), np.float32), max_keypoints=5, threshold=0.1, nms_radius=4)
    assert len(pixels) == len(scores) == len(refine_keypoints(np.zeros((8, 8), np.float32), pixels)) == 0
