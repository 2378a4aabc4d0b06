"""Suppression is the greedy one, pixel by pixel, whatever the scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from superpoint_ros.features.suppression import suppress_non_maxima


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


def test_scores_from_the_least_to_the_largest_number_are_ordered() -> None:
    """A few classes of like scores hold nearly all pixels, far more than are sorted by insertion."""
    heatmap = np.random.default_rng(0).random((150, 150), np.float32)
    heatmap[0, 0], heatmap[149, 149], heatmap[75, 75] = np.finfo(np.float32).max, np.finfo(np.float32).tiny, np.inf
    best_first = np.argsort(-heatmap.ravel(), kind="stable")
    free, expected = np.ones((152, 152), bool), []
    for index in best_first.tolist():
        y, x = divmod(index, 150)
        if free[y + 1, x + 1]:
            expected.append(index)
            free[y : y + 3, x : x + 3] = False
    assert suppress(heatmap, 1, 0.0) == expected


def test_an_array_of_any_strides_is_read_right() -> None:
    heatmap = np.random.default_rng(0).random((40, 30), np.float32)
    assert suppress(heatmap.T, 2, 0.2) == greedy(np.ascontiguousarray(heatmap.T), 2, 0.2)
