"""From a heat map to keypoints, on NumPy arrays, whatever ran the network."""

from __future__ import annotations

import cv2
import numpy as np

from superpoint_ros.features.compiled import compiled
from superpoint_ros.features.suppression import suppress_non_maxima
from superpoint_ros.types import BoolArray, FloatArray, IndexArray

REFINE_RADIUS = 2
"""The window of the sub-pixel refinement is 5x5: wide enough for a peak that straddles two pixels."""

AROUND = (1 / 6, 4 / 6, 1.0, 4 / 6, 1 / 6)
"""Weights of a row of pixels, and of a column, about the one in the middle: a binomial, near a Gaussian of one pixel."""

_OWN_PIXEL = np.float32(0.5)
"""How far a place can be from its maximum in x and y."""


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


def heat_around(heatmap: FloatArray) -> FloatArray:
    """How probable it is that there is an interest point on or near each pixel: the weighted sum of the heat of a 5x5 window.

    heatmap: (H, W) float32, not negative. Where a network is not sure of the place, the heat of a point lies on several pixels,
    and noise decides which of them has the most: their sum is found again more often than any of them.
    Returns (H, W) float32.
    """
    weights = np.array(AROUND, np.float32)
    return np.asarray(cv2.sepFilter2D(heatmap, cv2.CV_32F, weights, weights, borderType=cv2.BORDER_CONSTANT), np.float32)


def refine_keypoints(heatmap: FloatArray, pixels: IndexArray) -> FloatArray:
    """Sub-pixel positions of maxima: the soft-argmax of the heat map in a window around each.

    heatmap: (H, W) float32, not negative. pixels: (N, 2) int64 as x, y.
    With d over the offsets of the 5x5 window that lie inside the image: p' = p + sum_d h(p + d) d / sum_d h(p + d).
    As the heat map is a softmax of logits, this is the soft-argmax of the logits at temperature 1.
    A neighbouring peak in the window could pull harder than that; no keypoint leaves its own pixel (+-0.5).
    Returns (N, 2) float32.
    """
    return np.asarray(_refine(np.ascontiguousarray(heatmap, np.float32), np.ascontiguousarray(pixels, np.int64)))


@compiled("float32[:, ::1](float32[:, ::1], int64[:, ::1])")
def _refine(heatmap, pixels):  # type: ignore[no-untyped-def]
    height, width = heatmap.shape
    points = np.empty(pixels.shape, np.float32)
    for n in range(len(pixels)):
        x, y = pixels[n]
        across, down, total = np.float32(0), np.float32(0), np.float32(np.finfo(np.float32).tiny)
        for row in range(max(0, y - REFINE_RADIUS), min(height, y + REFINE_RADIUS + 1)):
            for column in range(max(0, x - REFINE_RADIUS), min(width, x + REFINE_RADIUS + 1)):
                heat = heatmap[row, column]
                across += heat * np.float32(column - x)
                down += heat * np.float32(row - y)
                total += heat
        points[n, 0] = x + min(max(across / total, -_OWN_PIXEL), _OWN_PIXEL)
        points[n, 1] = y + min(max(down / total, -_OWN_PIXEL), _OWN_PIXEL)
    return points
