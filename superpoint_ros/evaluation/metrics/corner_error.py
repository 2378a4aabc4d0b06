"""How far an estimated homography is from the true one."""

from __future__ import annotations

import numpy as np

from superpoint_ros.evaluation.metrics.common_area import Size, project
from superpoint_ros.types import DoubleArray


def corner_error(estimated: DoubleArray | None, homography: DoubleArray, first_size: Size) -> float:
    """Mean distance in pixels of the second image between the corners of the first one under both homographies.

    SuperPoint paper (DeTone et al., CVPRW 2018, section 7.3): an estimate is correct if this is at most ε. The corners are the
    centres of the corner pixels. Infinite without an estimate, or if it maps a corner behind the camera.
    """
    if estimated is None:
        return float("inf")
    width, height = first_size
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
    distances = np.linalg.norm(project(estimated, corners) - project(homography, corners), axis=1)
    return float(distances.mean()) if np.isfinite(distances).all() else float("inf")
