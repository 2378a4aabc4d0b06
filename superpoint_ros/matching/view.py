"""One image of a sequence, as matching and tracking see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.matching.camera_model import normalize_points
from superpoint_ros.types import Camera, Features, FloatArray


@dataclass(frozen=True)
class View:
    """features: of the image. stamp: seconds. normalized: (N, 2) float32 keypoints, undistorted, z = 1; NaN without a camera."""

    features: Features
    stamp: float
    normalized: FloatArray

    @staticmethod
    def of(features: Features, stamp: float, camera: Camera | None) -> View:
        """A camera that is not usable counts as none."""
        try:
            if camera is not None:
                return View(features, stamp, normalize_points(features.keypoints, camera).astype(np.float32))
        except DataError:
            pass
        return View(features, stamp, np.full((len(features), 2), np.nan, np.float32))
