"""The two dense heads of the network as NumPy arrays, whatever ran it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from superpoint_ros.features.image import CELL
from superpoint_ros.types import FloatArray

_DUSTBIN = CELL * CELL
"""Index of the detector channel that means "no interest point in this cell"."""

_ROUNDING = 1e-3
"""Relative error of a softmax in float32, generously."""


def cells(head: FloatArray) -> FloatArray:
    """(C, h, w) float32 of any strides → (h w, C), each cell's channels together. No copy where they already are."""
    channels, height, width = head.shape
    if head.strides[0] == head.itemsize:
        return head.transpose(1, 2, 0).reshape(height * width, channels)
    return np.asarray(cv2.transpose(head.reshape(channels, height * width)), np.float32)


def heatmap(logits: FloatArray, threshold: float = 0.0) -> FloatArray:
    """Detector logits (65, h, w) → probability of an interest point (8 h, 8 w) float32, C-contiguous.

    Softmax over the 65 channels, drop the dustbin, unfold each cell (paper, section 3.2).

    A cell is left at 0 where neither it nor a neighbour has a pixel that reaches the threshold: nothing is detected there,
    nor looked at for the sub-pixel place of a keypoint. That is most of a usual image. As a pixel's probability is at most
    exp(logit - dustbin), one maximum per cell decides.
    """
    _, height, width = logits.shape
    by_cell = cells(logits)
    best, dustbin = by_cell[:, :_DUSTBIN].max(axis=1), by_cell[:, _DUSTBIN]
    lowest = math.log(threshold) - _ROUNDING if threshold > 0 else -math.inf
    wins = (best - dustbin >= lowest).reshape(height, width)
    looked_at = np.flatnonzero(cv2.dilate(wins.view(np.uint8), np.ones((3, 3), np.uint8)))

    raised = np.exp(by_cell[looked_at] - np.maximum(best, dustbin)[looked_at, None])
    raised /= raised.sum(axis=1, keepdims=True)
    heat = np.zeros((height * width, _DUSTBIN), np.float32)
    heat[looked_at] = raised[:, :_DUSTBIN]
    return heat.reshape(height, width, CELL, CELL).transpose(0, 2, 1, 3).reshape(CELL * height, CELL * width)
