"""Descriptors at keypoints from the coarse map of the network: one vector per 8x8 cell."""

from __future__ import annotations

from typing import Literal

import numpy as np

from superpoint_ros.features.heads import by_cell
from superpoint_ros.features.image import CELL
from superpoint_ros.types import FloatArray

_CUBIC = np.float32(-0.75)
"""The free parameter of the cubic convolution kernel, as in PyTorch and OpenCV."""

_BLOCK = 64
"""Keypoints whose taps fit a core's cache together."""


def sample_descriptors(
    coarse: FloatArray, points: FloatArray, interpolation: Literal["bicubic", "bilinear"] = "bicubic"
) -> FloatArray:
    """Interpolate the coarse descriptors at the keypoints only, then scale each to unit length (section 3.3 of the paper).

    coarse: (D, h, w) float32, any strides (channels last is fastest). points: (N, 2) float32, x and y in pixels.
    Cell (0, 0) covers pixels 0 to 7, so its centre is pixel (3.5, 3.5). Beyond the outermost centres the map is continued
    by its edge. Returns (N, D) float32.
    """
    size, height, width = coarse.shape
    position = (points.T - np.float32((CELL - 1) / 2)) / np.float32(CELL)
    first = np.floor(position)
    weigh = _bicubic if interpolation == "bicubic" else _bilinear
    weights, before = weigh(position - first)
    taps = np.arange(-before, len(weights) - before)[:, None]
    column, row = first.astype(np.int64)
    columns, rows = (column + taps).clip(0, width - 1), (row + taps).clip(0, height - 1)
    index = (rows[:, None] * width + columns).reshape(len(weights) ** 2, len(points)).T
    weight = (weights[:, None, 1] * weights[:, 0]).reshape(len(weights) ** 2, len(points)).T[:, None]

    # The weighted sum of the taps is one small matrix product per keypoint, while what was gathered for it is in the cache.
    cells, vectors = by_cell(coarse), np.empty((len(points), 1, size), np.float32)
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        np.matmul(weight[block], cells.take(index[block], axis=0), out=vectors[block])
    return unit_length(vectors[:, 0])


def _bicubic(fraction: FloatArray) -> tuple[FloatArray, int]:
    """Weights (4, ...) of the cells at -1, 0, 1, 2 from the one before, by cubic convolution (Keys, 1981); 1 lies before it."""
    near, far = np.stack([fraction, 1 - fraction]), np.stack([1 + fraction, 2 - fraction])
    near = ((_CUBIC + 2) * near - (_CUBIC + 3)) * near**2 + 1
    far = _CUBIC * (((far - 5) * far + 8) * far - 4)
    return np.stack([far[0], near[0], near[1], far[1]]), 1


def _bilinear(fraction: FloatArray) -> tuple[FloatArray, int]:
    """Weights (2, ...) of the cells at 0 and 1 from the one before; none lies before it."""
    return np.stack([1 - fraction, fraction]), 0


def unit_length(vectors: FloatArray) -> FloatArray:
    """Scale rows (N, D) to unit length. A zero vector, which has no direction, becomes the first axis."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    unit = vectors / np.maximum(length, np.finfo(np.float32).tiny)[:, None]
    unit[length == 0, :1] = 1
    return np.ascontiguousarray(unit, np.float32)
