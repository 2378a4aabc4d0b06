"""Descriptors at keypoints from the coarse map of the network: one vector per 8x8 cell."""

from __future__ import annotations

from typing import Literal

import numpy as np

from superpoint_ros.features.heads import by_cell
from superpoint_ros.features.image import CELL
from superpoint_ros.types import FloatArray

_CUBIC = np.float32(-0.75)
"""The free parameter of the cubic convolution kernel, as in PyTorch and OpenCV."""


def sample_descriptors(
    coarse: FloatArray, points: FloatArray, interpolation: Literal["bicubic", "bilinear"] = "bicubic"
) -> FloatArray:
    """Interpolate the coarse descriptors at the keypoints only, then scale each to unit length (section 3.3 of the paper).

    coarse: (D, h, w) float32, any strides (channels last is fastest). points: (N, 2) float32, x and y in pixels.
    Cell (0, 0) covers pixels 0 to 7, so its centre is pixel (3.5, 3.5). Beyond the outermost centres the map is continued
    by its edge. Returns (N, D) float32.
    """
    _, height, width = coarse.shape
    position = (points - np.float32((CELL - 1) / 2)) / np.float32(CELL)
    first = np.floor(position)
    weigh = _bicubic if interpolation == "bicubic" else _bilinear
    weights, taps = weigh(position - first)
    columns = (first[:, 0, None] + taps).astype(np.int64).clip(0, width - 1)
    rows = (first[:, 1, None] + taps).astype(np.int64).clip(0, height - 1)

    # The taps of all keypoints in one gather; the weighted sum is one small matrix product per keypoint.
    index = (rows[:, :, None] * width + columns[:, None, :]).reshape(len(points), len(taps) ** 2)
    weight = (weights[:, 1, :, None] * weights[:, 0, None, :]).reshape(len(points), 1, len(taps) ** 2)
    return unit_length((weight @ by_cell(coarse)[index])[:, 0])


def _bicubic(fraction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights (N, 2, 4) of the cells at -1, 0, 1, 2 from the one to the left, by cubic convolution (Keys, 1981)."""
    taps = np.arange(-1, 3, dtype=np.float32)
    distance = np.abs(fraction[:, :, None] - taps)
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = _CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, far), taps


def _bilinear(fraction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights (N, 2, 2) of the cells at 0 and 1 from the one to the left."""
    return np.stack([1 - fraction, fraction], axis=2), np.arange(2, dtype=np.float32)


def unit_length(vectors: FloatArray) -> FloatArray:
    """Scale rows (N, D) to unit length. A zero vector, which has no direction, becomes the first axis."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, np.finfo(np.float32).tiny)
    unit[length[:, 0] == 0, :1] = 1
    return np.ascontiguousarray(unit, np.float32)
