"""Does the detector find the same places in both images, and how exactly?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.evaluation.metrics.common_area import Points, Size, in_image, pairwise_distances, project
from superpoint_ros.types import DoubleArray


@dataclass(frozen=True)
class Repeatability:
    """share: in [0, 1]. localization_error: pixels, NaN where nothing was found again. keypoints: N1 + N2."""

    share: float
    localization_error: float
    keypoints: int


def repeatability(
    first: Points, second: Points, homography: DoubleArray, first_size: Size, second_size: Size, max_error: float = 3.0
) -> Repeatability:
    """Repeatability and localization error (MLE) of the SuperPoint paper (DeTone et al., CVPRW 2018, section 7.2 and appendix A).

    A keypoint is repeated if a keypoint of the other image lies within max_error (ε) of where the homography (first to second)
    maps it. Rep = (repeated of first + repeated of second) / (N1 + N2), where N1 and N2 count only keypoints in the area that
    both images see; without any keypoint there it is 0. MLE is the mean distance of the repeated ones to the nearest keypoint.
    Distances are measured in the second image for both, as in the public evaluations that followed the paper.
    """
    warped = project(homography, first)
    warped = warped[in_image(warped, second_size)]
    seen = np.asarray(second)[in_image(project(np.linalg.inv(homography), second), first_size)]
    total = len(warped) + len(seen)
    if len(warped) == 0 or len(seen) == 0:
        return Repeatability(0.0, float("nan"), total)
    distances = pairwise_distances(warped, seen)
    nearest = np.concatenate([distances.min(axis=1), distances.min(axis=0)])
    repeated = nearest[nearest <= max_error]
    return Repeatability(len(repeated) / total, float(repeated.mean()) if len(repeated) else float("nan"), total)
