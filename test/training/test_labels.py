"""Detector targets: the inverse of the heat map's unfolding."""

import numpy as np
import torch

from superpoint_ros.features.network import DUSTBIN, heatmap
from superpoint_ros.training.labels import InterestPoints, detector_target


def points(*corners, confidence=None):
    array = np.array(corners, np.float32).reshape(-1, 2)
    return InterestPoints(array, np.ones(len(array), np.float32) if confidence is None else np.array(confidence, np.float32))


def test_heatmap_of_a_target_peaks_at_the_corners():
    target = detector_target(points([0, 0], [17, 9], [39.4, 22.6], [31, 8]), 24, 40)
    logits = 50.0 * torch.nn.functional.one_hot(torch.from_numpy(target.index), DUSTBIN + 1).permute(2, 0, 1)[None].float()
    rows, columns = np.nonzero(heatmap(logits)[0].numpy() > 0.5)
    assert {*zip(columns, rows, strict=True)} == {(0, 0), (17, 9), (39, 23), (31, 8)}


def test_first_corner_wins_a_cell_and_outside_is_ignored():
    labels = points([1, 1], [2, 2], [np.inf, 2], [-1, 5], [16, 3], [3, 8.6], confidence=[0.7, 0.2, 0.3, 0.4, 0.5, 0.6])
    target = detector_target(labels, 8, 16)
    assert target.index.tolist() == [[9, DUSTBIN]]
    assert target.confidence.tolist() == [[np.float32(0.7), 1.0]]


def test_no_corners():
    target = detector_target(points(), 16, 16)
    assert (target.index == DUSTBIN).all()
    assert (target.confidence == 1.0).all()
