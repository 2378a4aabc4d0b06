"""How many of the matches are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.evaluation.metrics.common_area import Points, project
from superpoint_ros.types import DoubleArray

THRESHOLDS = tuple(float(pixels) for pixels in range(1, 11))
"""Pixels."""


def match_errors(matched_first: Points, matched_second: Points, homography: NDArray[np.floating]) -> DoubleArray:
    """(M,) distances in pixels of the second image between its keypoints and where the homography (first to second) maps their
    partners; infinite where it maps them behind the camera.
    """
    distances = np.linalg.norm(project(homography, matched_first) - np.asarray(matched_second, np.float64), axis=1)
    return np.where(np.isnan(distances), np.inf, distances)


def matching_accuracy(errors: DoubleArray, thresholds: Sequence[float] = THRESHOLDS) -> tuple[float, ...]:
    """Share of the matches with an error of at most each threshold; its mean over pairs is the mean matching accuracy (MMA).

    As in D2-Net (Dusmanu et al., CVPR 2019, section 5.1): all matches of a pair count, and a pair without matches has accuracy 0.
    """
    return tuple(float((errors <= threshold).mean()) if len(errors) else 0.0 for threshold in thresholds)
