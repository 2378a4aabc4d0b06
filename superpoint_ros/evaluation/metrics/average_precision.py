"""How well the similarity of descriptors tells right from wrong nearest neighbours."""

from __future__ import annotations

import numpy as np

from superpoint_ros.evaluation.metrics.common_area import Points, Size, in_image, project
from superpoint_ros.evaluation.metrics.matching_accuracy import match_errors
from superpoint_ros.types import BoolArray, DoubleArray, FloatArray


def nearest_neighbour_ap(
    first: Points,
    second: Points,
    first_descriptors: FloatArray,
    second_descriptors: FloatArray,
    homography: DoubleArray,
    first_size: Size,
    second_size: Size,
    max_error: float = 3.0,
) -> float:
    """Average precision of one pair; its mean over pairs is the NN mAP of the SuperPoint paper (DeTone et al., CVPRW 2018,
    appendix A).

    Every keypoint in the area that both images see is given to its nearest neighbour among all descriptors (unit length) of the
    other image, which is correct within max_error (ε) of where the homography (first to second) maps the keypoint, in pixels of
    the other image. The area under precision over recall, for all thresholds on the descriptor distance, is averaged over both
    directions. A direction without a correct neighbour has 0.

    Recall is relative to the correct nearest neighbours. The paper doesn't say so, but its figures of ORB (mAP .735, where
    matching score over repeatability is .415) cannot come about otherwise.
    """
    if len(first) == 0 or len(second) == 0:
        return 0.0
    similarity = first_descriptors @ second_descriptors.T
    directions = (
        (first, second, similarity, homography, second_size),
        (second, first, similarity.T, np.linalg.inv(homography), first_size),
    )
    areas: list[float] = []
    for points, others, similar, mapping, size in directions:
        nearest = similar.argmax(axis=1)
        seen = in_image(project(mapping, points), size)
        correct = match_errors(points, others[nearest], mapping) <= max_error
        areas.append(average_precision(correct[seen], similar.max(axis=1)[seen]))
    return float(np.mean(areas))


def average_precision(correct: BoolArray, confidence: FloatArray) -> float:
    """Sum of precision times gain in recall as the threshold on the confidence falls; both (N,). 0 where nothing is correct.

    What has one confidence is accepted at once: ORB has 257 different similarities only, and no order among equals is right.
    """
    if not correct.any():
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(correct[order])
    last_of_equals = np.append(np.flatnonzero(np.diff(confidence[order])), len(order) - 1)
    hits, accepted = hits[last_of_equals], last_of_equals + 1
    gains = np.diff(hits, prepend=0) / hits[-1]
    return float((gains * hits / accepted).sum())
