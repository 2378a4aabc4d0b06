"""Detector targets: the inverse of the heat map's unfolding."""

import numpy as np
import torch

from superpoint_ros.features.network import DUSTBIN, heatmap
from superpoint_ros.training.labels import detector_target


def test_heatmap_of_a_target_peaks_at_the_corners():
    corners = np.array([[0, 0], [17, 9], [39.4, 22.6], [31, 8]], np.float32)
    target = torch.from_numpy(detector_target(corners, 24, 40))
    logits = 50.0 * torch.nn.functional.one_hot(target, DUSTBIN + 1).permute(2, 0, 1)[None].float()
    rows, columns = np.nonzero(heatmap(logits)[0].numpy() > 0.5)
    assert {*zip(columns, rows, strict=True)} == {(0, 0), (17, 9), (39, 23), (31, 8)}


def test_first_corner_wins_a_cell_and_outside_is_ignored():
    target = detector_target(np.array([[1, 1], [2, 2], [-1, 5], [16, 3], [3, 8.6]], np.float32), 8, 16)
    assert target.tolist() == [[9, DUSTBIN]]


def test_no_corners():
    assert (detector_target(np.empty((0, 2), np.float32), 16, 16) == DUSTBIN).all()
