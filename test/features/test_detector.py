"""Keypoints are exactly those of greedy suppression, in order, and only where they may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from superpoint_ros.features.detector import refine_keypoints, select_keypoints, suppress_non_maxima


def greedy(heatmap: np.ndarray, radius: int, threshold: float) -> list[int]:
    """The definition, pixel by pixel."""
    width = heatmap.shape[1]
    taken: list[int] = []
    for index in sorted(range(heatmap.size), key=lambda i: (-heatmap.flat[i], i)):
        y, x = divmod(index, width)
        near = any(max(abs(y - t // width), abs(x - t % width)) <= radius for t in taken)
        if heatmap.flat[index] >= threshold and not near:
            taken.append(index)
    return taken


def suppress(heatmap: np.ndarray, radius: int, threshold: float) -> list[int]:
    """All that are taken, wherever they are."""
    return suppress_non_maxima(heatmap, radius, threshold, np.ones(heatmap.shape, bool), heatmap.size).tolist()


SHAPES = st.tuples(st.integers(1, 14), st.integers(1, 14))
LEVELS = st.integers(0, 6).map(lambda level: np.float32(level / 6))
"""Few levels make many ties and plateaus."""
HEATMAPS = st.one_of(
    arrays(np.float32, SHAPES, elements=LEVELS),
    arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32)),
)


@settings(max_examples=150, deadline=None)
@given(
    heatmap=HEATMAPS,
    radius=st.integers(0, 5),
    threshold=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
def test_suppression_is_the_greedy_one(heatmap: np.ndarray, radius: int, threshold: float) -> None:
    assert suppress(heatmap, radius, threshold) == greedy(heatmap, radius, threshold)


@settings(max_examples=150, deadline=None)
@given(
    heatmap=HEATMAPS,
    radius=st.integers(0, 3),
    count=st.integers(1, 8),
    seed=st.integers(0, 9),
)
def test_the_best_few_are_those_of_greedy_suppression(heatmap: np.ndarray, radius: int, count: int, seed: int) -> None:
    """Although what lies below them is not decided; a pixel that is not wanted still suppresses."""
    wanted = np.random.default_rng(seed).random(heatmap.shape) < 0.7
    expected = [index for index in greedy(heatmap, radius, 0.1) if wanted.flat[index]][:count]
    assert suppress_non_maxima(heatmap, radius, 0.1, wanted, count).tolist() == expected


@pytest.mark.parametrize("pattern", ["plateau", "ramp", "spiral of ranks"])
def test_long_chains_of_suppression_are_followed_to_the_end(pattern: str) -> None:
    y, x = np.mgrid[:40, :30]
    heatmap = {
        "plateau": np.full((40, 30), 0.5),
        "ramp": (x + 30 * y) / 1200,
        "spiral of ranks": np.hypot(x - 15, y - 20) % 7 / 7,
    }[pattern].astype(np.float32)
    assert suppress(heatmap, 3, 0.01) == greedy(heatmap, 3, 0.01)


def test_rounds_for_the_whole_image_are_repeated() -> None:
    """White noise leaves more pixels after the first round than are decided one by one."""
    heatmap = np.random.default_rng(0).random((150, 150), np.float32)
    best_first = np.argsort(-heatmap.ravel(), kind="stable")
    free, expected = np.ones((152, 152), bool), []
    for index in best_first.tolist():
        y, x = divmod(index, 150)
        if free[y + 1, x + 1]:
            expected.append(index)
            free[y : y + 3, x : x + 3] = False
    assert suppress(heatmap, 1, 0.0) == expected


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
