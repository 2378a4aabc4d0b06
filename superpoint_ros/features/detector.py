"""From a heat map to keypoints, on NumPy arrays, whatever ran the network."""

from __future__ import annotations

import cv2
import numpy as np

from superpoint_ros.types import BoolArray, FloatArray, IndexArray

REFINE_RADIUS = 2
"""The window of the sub-pixel refinement is 5x5: wide enough for a peak that straddles two pixels."""
_WINDOW_Y, _WINDOW_X = np.mgrid[-REFINE_RADIUS : REFINE_RADIUS + 1, -REFINE_RADIUS : REFINE_RADIUS + 1].reshape(2, -1, 1)
_MOMENTS = np.stack([_WINDOW_X[:, 0], _WINDOW_Y[:, 0], np.ones(len(_WINDOW_X))]).astype(np.float32)
"""Times the scores of the window: their sums weighted with x, with y, and not at all."""

_FEW = 4000
"""Pixels that are decided one by one in less time than another round for the whole image takes."""


def select_keypoints(
    heatmap: FloatArray,
    *,
    max_keypoints: int,
    threshold: float,
    nms_radius: int,
    border: int = 0,
    mask: BoolArray | None = None,
) -> tuple[IndexArray, FloatArray]:
    """The best local maxima of a heat map.

    heatmap: (H, W) float32, neither negative nor NaN. mask: (H, W) bool, False where nothing is to be detected.
    A maximum in the border or under the mask still suppresses its neighbours: what is left of a feature whose peak is not
    wanted is not a feature.
    Returns pixels (N, 2) int64 as x, y and scores (N,) float32, best first; equal scores in row-major order.
    """
    height, width = heatmap.shape
    wanted = np.zeros(heatmap.shape, bool)
    wanted[border : max(border, height - border), border : max(border, width - border)] = True
    if mask is not None:
        wanted &= mask
    rows, columns = np.divmod(suppress_non_maxima(heatmap, nms_radius, threshold, wanted, max_keypoints), width)
    return np.stack([columns, rows], axis=1), heatmap[rows, columns]


def suppress_non_maxima(heatmap: FloatArray, radius: int, threshold: float, wanted: BoolArray, count: int) -> IndexArray:
    """Greedy non-maximum suppression: take the best pixel, drop all within ``radius`` of it in x and y, repeat.

    heatmap: (H, W) float32, neither negative nor NaN. Pixels below ``threshold`` are ignored. Equal scores rank in row-major
    order. wanted: (H, W) bool, which of the pixels taken are asked for.
    Returns the flat indices (N,) int64 of the best ``count`` of those, best first.

    Done for the whole image at once: a pixel that is the best of its window is certain to be taken, and drops its window;
    then there are new best pixels. This gives what the one-by-one loop gives, because a pixel's fate depends only on better
    pixels in its window. For the same reason nothing below ``count`` wanted pixels that are certain needs to be decided. The
    few pixels that are then left are decided one by one.
    """
    flat, wanted_at = heatmap.ravel(), wanted.ravel()
    score, taken, floor = heatmap, np.empty(0, np.int64), np.float32(threshold)
    found = flat[taken]
    mark, window = np.zeros(heatmap.shape, np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    undecided = heatmap.size
    while True:
        taken = np.concatenate([taken, _best_of_window(score, radius, floor)])
        found = flat[taken[wanted_at[taken]]]
        if len(found) >= count:
            floor = max(floor, np.partition(found, -count)[-count])
        mark.ravel()[taken] = 1
        alive = cv2.dilate(mark, window) == 0
        left = np.flatnonzero(alive & (heatmap >= floor))
        if len(left) <= _FEW or len(left) > undecided // 2:  # plateaus and ramps: further rounds would only nibble at them
            break
        undecided = len(left)
        score = np.where(alive, heatmap, np.float32(-1))

    left = _best_first(flat, left)
    missing = count - (len(found) - np.searchsorted(np.sort(found), flat[left], side="right"))
    alive_at, late, more = memoryview(alive.ravel().view(np.uint8)), [], 0
    for index, enough in zip(left.tolist(), missing.tolist(), strict=True):
        if more >= enough:  # with those that are better than this one there are as many as are asked for
            break
        if alive_at[index]:
            y, x = divmod(index, heatmap.shape[1])
            late.append(index)
            more += bool(wanted_at[index])
            alive[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = False
    taken = np.concatenate([taken, np.array(late, np.int64)])
    return _best_first(flat, taken[wanted_at[taken]])[:count]


def _best_of_window(score: FloatArray, radius: int, floor: np.float32) -> IndexArray:
    """Flat indices of the pixels, not below ``floor``, that no pixel of their window ranks before."""
    width = score.shape[1]
    best_of_row = np.asarray(cv2.dilate(score, np.ones((1, 2 * radius + 1), np.uint8)))
    best = cv2.dilate(best_of_row, np.ones((2 * radius + 1, 1), np.uint8))
    at = np.flatnonzero(score == best)
    scores = score.ravel()[at]
    at, scores = at[scores >= floor], scores[scores >= floor]
    # Nothing in the window is better. What is equal ranks before where it lies in a row above, or to the left.
    steps = np.arange(1, radius + 1)[:, None]
    above, left = at - width * steps, at - steps
    tied = (above >= 0) & (best_of_row.ravel().take(above, mode="clip") == scores)
    tied |= (steps <= at % width) & (score.ravel().take(left, mode="clip") == scores)
    return at[~tied.any(axis=0)]


def _best_first(flat: FloatArray, pixels: IndexArray) -> IndexArray:
    """Pixels in the order of falling scores, equal ones in their own."""
    # The bits of floats that are not negative order like integers. Score and pixel in one integer make all keys different, so
    # the sort need not be stable: a sixth of the time of a stable argsort.
    bits = flat[pixels].view(np.int32).astype(np.int64)
    keys = (np.int64(np.iinfo(np.int32).max) - bits) << 32 | pixels
    keys.sort()
    return np.asarray(keys & np.int64(2**32 - 1))


def refine_keypoints(heatmap: FloatArray, pixels: IndexArray) -> FloatArray:
    """Sub-pixel positions of maxima: the soft-argmax of the heat map in a window around each.

    heatmap: (H, W) float32, not negative. pixels: (N, 2) int64 as x, y.
    With d over the offsets of the 5x5 window that lie inside the image: p' = p + sum_d h(p + d) d / sum_d h(p + d).
    As the heat map is a softmax of logits, this is the soft-argmax of the logits at temperature 1.
    A neighbouring peak in the window could pull harder than that; no keypoint leaves its own pixel (+-0.5).
    Returns (N, 2) float32.
    """
    margin = REFINE_RADIUS
    around = np.asarray(cv2.copyMakeBorder(heatmap, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0.0), np.float32)
    centres = (pixels[:, 1] + margin) * around.shape[1] + pixels[:, 0] + margin
    moments = _MOMENTS @ around.ravel().take(_WINDOW_Y * around.shape[1] + _WINDOW_X + centres)
    offset = (moments[:2] / (moments[2] + np.finfo(np.float32).tiny)).T
    return (pixels + offset.clip(-0.5, 0.5)).astype(np.float32)
