"""How well a detector finds corners whose places are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from superpoint_ros.evaluation.metrics.average_precision import average_precision
from superpoint_ros.evaluation.metrics.common_area import Points, pairwise_distances
from superpoint_ros.types import FloatArray


@dataclass(frozen=True)
class Detections:
    """What a detector found in one image, judged.

    scores: (N,) float32, best first. distances: (N,) float32, pixels to the corner that each detection found; infinite for
    those that found none, or one that a better detection had found before. corners: how many there were to find.
    """

    scores: FloatArray
    distances: FloatArray
    corners: int


@dataclass(frozen=True)
class DetectorQuality:
    """average_precision: in [0, 1]. localization_error: mean distance of the correct detections in pixels, NaN without any."""

    average_precision: float
    localization_error: float


def judge(keypoints: Points, scores: FloatArray, corners: Points, max_error: float = 4.0) -> Detections:
    """Each detection, from the best down, finds the nearest corner within max_error pixels that no better one has found.

    keypoints: (N, 2) and corners: (M, 2) in pixels. scores: (N,). max_error: ε of the SuperPoint paper (DeTone et al., CVPRW
    2018, appendix B), by default as there.
    """
    order = np.argsort(-scores, kind="stable")
    between = pairwise_distances(keypoints[order], corners)
    between[between > max_error] = np.inf
    distances = np.full(len(keypoints), np.inf, np.float32)
    for n in np.flatnonzero(np.isfinite(between).any(axis=1)):
        nearest = int(between[n].argmin())
        distances[n] = between[n, nearest]
        if np.isfinite(distances[n]):
            between[:, nearest] = np.inf
    return Detections(scores[order].astype(np.float32), distances, len(corners))


def detector_quality(images: Sequence[Detections]) -> DetectorQuality:
    """Average precision of the detections of all images in one ranking, and their localization error.

    Recall is relative to all corners; 0 without any. Detections in images without corners lower the precision.
    """
    none = np.empty(0, np.float32)
    scores = np.concatenate([none, *(image.scores for image in images)])
    distances = np.concatenate([none, *(image.distances for image in images)])
    found = np.isfinite(distances)
    if not found.any():
        return DetectorQuality(0.0, float("nan"))
    recall = found.sum() / sum(image.corners for image in images)
    return DetectorQuality(float(recall * average_precision(found, scores)), float(distances[found].mean()))
