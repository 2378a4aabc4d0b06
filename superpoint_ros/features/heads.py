"""The two dense heads of the network as NumPy arrays, whatever ran it."""

from __future__ import annotations

import cv2
import numpy as np

from superpoint_ros.features.image import CELL
from superpoint_ros.types import FloatArray

DUSTBIN = CELL * CELL
"""Index of the detector channel that means "no interest point in this cell"."""


def heatmap(logits: FloatArray) -> FloatArray:
    """Detector logits (B, 65, h, w) → probability of an interest point (B, 8 h, 8 w) float32, C-contiguous.

    Softmax over the 65 channels, drop the dustbin, unfold each cell (paper, section 3.2). It is 0 in cells that have logits
    which are not finite.
    """
    batch, _, height, width = logits.shape
    heat = np.empty((batch, height, CELL, CELL * width), np.float32)
    for one, rows in zip(logits, heat, strict=True):
        _unfold(one, rows)
    return heat.reshape(batch, CELL * height, CELL * width)


def _unfold(logits: FloatArray, rows: FloatArray) -> None:
    """Write the probabilities for the logits (65, h, w) of one image into the pixels of its cells, (h, 8, 8 w)."""
    # One cell per column: NumPy's vector units work along rows. Cells that cannot reach a threshold are computed, too: in
    # photos nine of ten cells have one that can, or a neighbour, and picking them out costs more than all exponentials.
    columns = logits.reshape(len(logits), -1) if logits.flags.c_contiguous else np.asarray(cv2.transpose(by_cell(logits)))
    with np.errstate(invalid="ignore"):  # infinity less itself
        raised = columns - columns.max(axis=0)
    cv2.exp(raised, raised)
    total = cv2.reduce(raised, 0, cv2.REDUCE_SUM)
    broken = np.isnan(total[0])
    if broken.any():
        raised[:, broken], total[:, broken] = 0, 1
    for row in range(CELL):  # of each cell: its eight pixels, by cell, are a row of the image
        rows[:, row] = cv2.transpose(raised[CELL * row : CELL * (row + 1)] / total).reshape(len(rows), -1)


def by_cell(head: FloatArray) -> FloatArray:
    """(C, h, w) float32 of any strides → (h w, C), each cell's channels together. No copy where they already are."""
    channels, height, width = head.shape
    if head.flags.c_contiguous:  # many times as fast as NumPy's copy
        return np.asarray(cv2.transpose(head.reshape(channels, height * width)), np.float32)
    return head.transpose(1, 2, 0).reshape(height * width, channels)
