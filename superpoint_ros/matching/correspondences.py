"""Matches as undistorted points, ready for estimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.matching.camera_model import is_distorted, undistort_points
from superpoint_ros.types import BoolArray, Camera, DoubleArray, Features, Matches

_FAR = 100.0
"""Image diagonals from the corner beyond which an undistorted point is not used."""


@dataclass(frozen=True)
class Correspondences:
    """The matches whose points are finite and can be undistorted.

    reference, current: (N, 2) float64 undistorted pixels. usable: (M,) bool, one per match, N of them true.
    area: of the image in pixels^2. diagonal: of the image in pixels.
    """

    reference: DoubleArray
    current: DoubleArray
    usable: BoolArray
    area: float
    diagonal: float

    @staticmethod
    def of(reference: Features, current: Features, matches: Matches, camera: Camera | None) -> Correspondences:
        """Look up, undistort and filter the points of the matches."""
        a = reference.keypoints[matches.reference_index].astype(np.float64)
        b = current.keypoints[matches.current_index].astype(np.float64)
        finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
        if camera is not None and is_distorted(camera):
            a[finite], b[finite] = undistort_points(a[finite], camera), undistort_points(b[finite], camera)
        width, height = (max(side, 1) for side in current.image_size)
        diagonal = float(np.hypot(width, height))
        # False for NaN. Rays that graze the image plane end so far away that their squares would drown all others.
        usable = np.all(np.abs(np.hstack([a, b])) < _FAR * diagonal, axis=1)
        return Correspondences(
            np.ascontiguousarray(a[usable]), np.ascontiguousarray(b[usable]), usable, float(width * height), diagonal
        )

    def __len__(self) -> int:
        return len(self.reference)

    def spread(self, inliers: BoolArray | None) -> BoolArray:
        """(N,) flags of the usable matches -> (M,) flags of all matches; None means no inliers."""
        flags = np.zeros(len(self.usable), bool)
        if inliers is not None:
            flags[self.usable] = inliers
        return flags
