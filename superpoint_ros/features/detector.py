"""From a heat map to keypoints, on NumPy arrays, whatever ran the network."""

from __future__ import annotations

import cv2
import numpy as np

from superpoint_ros.types import BoolArray, FloatArray, IndexArray

_REFINE_RADIUS = 2
"""The window of the sub-pixel refinement is 5x5: wide enough for a peak that straddles two pixels."""

_ROUNDS = 3
"""Rounds of suppression for the whole image: they settle all but some hundred pixels of a VGA image."""


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

    heatmap: (H, W) float32. mask: (H, W) bool, False where nothing is to be detected.
    A maximum in the border or under the mask still suppresses its neighbours: what is left of a feature whose peak is not
    wanted is not a feature.
    Returns pixels (N, 2) int64 as x, y and scores (N,) float32, best first; equal scores in row-major order.
    """
    height, width = heatmap.shape
    rows, columns = np.divmod(suppress_non_maxima(heatmap, nms_radius, threshold), width)
    wanted = (rows >= border) & (rows < height - border) & (columns >= border) & (columns < width - border)
    if mask is not None:
        wanted &= mask[rows, columns]
    rows, columns = rows[wanted][:max_keypoints], columns[wanted][:max_keypoints]
    return np.stack([columns, rows], axis=1), heatmap[rows, columns]


def suppress_non_maxima(heatmap: FloatArray, radius: int, threshold: float) -> IndexArray:
    """Greedy non-maximum suppression: take the best pixel, drop all within ``radius`` of it in x and y, repeat.

    heatmap: (H, W) float32, not negative. Pixels below ``threshold`` (and NaN) are ignored. Equal scores rank in row-major
    order.
    Returns the flat indices (N,) int64 of the pixels taken, best first.

    Done for the whole image at once: a pixel that is the best of its window is certain to be taken, and drops its window;
    then there are new best pixels. This gives what the one-by-one loop gives, because a pixel's fate depends only on better
    pixels in its window, and ranks, unlike scores, are never equal. The few pixels that a real heat map leaves after some
    rounds are taken one by one, and so are the many that plateaus and ramps leave, which rounds would only nibble at.
    """
    flat = heatmap.ravel()
    best_first = _best_first(flat, np.flatnonzero(flat >= threshold))
    if radius == 0:
        return best_first

    # float32 counts to 2**24; the dilation knows no int32.
    rank = np.zeros(heatmap.shape, np.float32 if len(best_first) < 2**24 else np.float64)
    rank.ravel()[best_first] = np.arange(len(best_first), 0, -1)
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    taken = np.zeros(heatmap.shape, bool)
    for _ in range(_ROUNDS):
        peaks = (rank == cv2.dilate(rank, window)) & (rank > 0)
        taken |= peaks
        rank[cv2.dilate(peaks.view(np.uint8), window).view(bool)] = 0

    alive = rank > 0
    alive_at = alive.ravel()
    for index in best_first[alive_at[best_first]].tolist():
        if alive_at[index]:
            y, x = divmod(index, heatmap.shape[1])
            taken[y, x] = True
            alive[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = False
    return best_first[taken.ravel()[best_first]]


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
    margin = _REFINE_RADIUS
    around = np.asarray(cv2.copyMakeBorder(heatmap, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0.0), np.float32)
    steps = np.arange(-margin, margin + 1)
    x, y = np.tile(steps, len(steps)), np.repeat(steps, len(steps))
    centres = (pixels[:, 1] + margin) * around.shape[1] + pixels[:, 0] + margin
    heat = around.ravel()[centres[:, None] + y * around.shape[1] + x]
    moments = heat @ np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32)
    offset = moments[:, :2] / (moments[:, 2:] + np.finfo(np.float32).tiny)
    return (pixels + offset.clip(-0.5, 0.5)).astype(np.float32)
