"""How many of the keypoints end up in a correct match."""

from __future__ import annotations

import numpy as np

from superpoint_ros.evaluation.metrics.common_area import Points, Size, in_image, project
from superpoint_ros.evaluation.metrics.matching_accuracy import match_errors
from superpoint_ros.types import DoubleArray, IndexArray


def matching_score(
    first: Points,
    second: Points,
    first_index: IndexArray,
    second_index: IndexArray,
    homography: DoubleArray,
    first_size: Size,
    second_size: Size,
    max_error: float = 3.0,
) -> float:
    """Matching score of the SuperPoint paper (DeTone et al., CVPRW 2018, appendix A), which is that of Mikolajczyk and Schmid
    (PAMI 2005).

    Correct matches over keypoints in the area that both images see, once for each image, and averaged. A match
    (first_index, second_index) is correct if the homography (first to second) maps one of its keypoints within max_error (ε) of
    the other one, measured in the image that it is mapped to. An image without keypoints in the common area scores 0.
    """
    back = np.linalg.inv(homography)
    directions = (
        (first, first_index, second, second_index, homography, second_size),
        (second, second_index, first, first_index, back, first_size),
    )
    shares = []
    for points, index, others, other_index, mapping, size in directions:
        seen = in_image(project(mapping, points), size)
        correct = match_errors(points[index], others[other_index], mapping) <= max_error
        shares.append(float((correct & seen[index]).sum() / seen.sum()) if seen.any() else 0.0)
    return float(np.mean(shares))
