"""The most similar descriptor of each: by one matrix product, or by a few small ones where the motion is roughly known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.matching.blas import BlasThreads
from superpoint_ros.types import Features, FloatArray, IndexArray

_ROWS = 64
"""Of the smallest product that is worth the calls around it."""


@dataclass(frozen=True)
class Nearest:
    """For each of N reference descriptors the most similar one of M.

    index: (N,) int64. best, second: (N,) float32 similarity of that one and of the next one, -inf where there is none.
    best_of_column: (M,) float32, the largest similarity of each of the others.
    """

    index: IndexArray
    best: FloatArray
    second: FloatArray
    best_of_column: FloatArray


def nearest(reference: FloatArray, current: FloatArray, needs_second: bool) -> Nearest:
    """Of all. reference: (N, D), current: (M, D) float32, at least one each. Descriptors that are not finite are like none."""
    return _nearest(_similarity(reference, current), needs_second)


def nearest_in_window(
    reference: Features, current: Features, predicted: FloatArray, radius: float, needs_second: bool
) -> Nearest:
    """Of those that are at most ``radius`` pixels in x and y from the predicted places (N, 2) of the reference's keypoints.

    Both are sorted by y. Then the candidates of some neighbouring rows are neighbours, too, and one product does for all of them.
    """
    rows, columns = np.argsort(predicted[:, 1], kind="stable"), np.argsort(current.keypoints[:, 1], kind="stable")
    at, places = predicted[rows], current.keypoints[columns]
    a, b = reference.descriptors[rows], current.descriptors[columns]
    n, m = len(a), len(b)
    index, best, second = np.zeros(n, np.int64), np.full(n, -np.inf, np.float32), np.full(n, -np.inf, np.float32)
    best_of_column = np.full(m, -np.inf, np.float32)
    for start in range(0, n, _ROWS):
        band = slice(start, start + _ROWS)
        first, last = np.searchsorted(places[:, 1], (at[band][0, 1] - radius, at[band][-1, 1] + radius), side="left")
        if first >= last:
            continue
        near = slice(int(first), int(last))
        similarity = _similarity(a[band], b[near])
        for axis in (0, 1):
            similarity[~(np.abs(at[band, axis, None] - places[None, near, axis]) <= radius)] = -np.inf
        found = _nearest(similarity, needs_second)
        index[rows[band]], best[rows[band]], second[rows[band]] = columns[near][found.index], found.best, found.second
        np.maximum(best_of_column[near], found.best_of_column, out=best_of_column[near])
    unsorted = np.empty_like(best_of_column)
    unsorted[columns] = best_of_column
    return Nearest(index, best, second, unsorted)


def _similarity(reference: FloatArray, current: FloatArray) -> FloatArray:
    """(N, M) float32 dot products; -inf for descriptors that are not finite."""
    with BlasThreads(reference.size * len(current)):
        similarity = reference @ current.T
    # A broken descriptor spoils its whole row or column, hence also the first element of it.
    if not np.isfinite(similarity[0]).all() or not np.isfinite(similarity[:, 0]).all():
        similarity[~np.isfinite(reference).all(axis=1)] = -np.inf
        similarity[:, ~np.isfinite(current).all(axis=1)] = -np.inf
    return similarity


def _nearest(similarity: FloatArray, needs_second: bool) -> Nearest:
    """Overwrites the similarities where the second best ones are needed."""
    index, rows = similarity.argmax(axis=1), np.arange(len(similarity))
    best, best_of_column, second = similarity[rows, index], similarity.max(axis=0), np.full(len(rows), -np.inf, np.float32)
    if needs_second:
        similarity[rows, index] = -np.inf
        second = similarity.max(axis=1)
    return Nearest(index, best, second, best_of_column)
