"""The poses that could explain a pair of images, likeliest first.

With little parallax (consecutive images of a video) or a dominant plane, the epipolar error has several deep minima, and a robust
estimator alone often ends in the wrong one. The poses behind the homography of the dominant plane lie near the others, so all are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..config import GeometryConfig
from ..types import Camera, DoubleArray, Pose
from .correspondences import Correspondences
from .decompose import in_front, plane_poses
from .residuals import essential_matrix, fundamental_matrix, sampson_errors, transfer_errors
from .robust import find_relative_pose, refine_relative_pose
from .rotation import unit_rays

_SAME_DIRECTION = float(np.cos(np.radians(20.0)))
"""Poses with translations closer than this are the same solution."""
_TRUNCATION = 4.0
"""Squared residuals above this (in units of the noise) are outliers when poses are compared."""


@dataclass(frozen=True)
class Candidate:
    """A pose T_current_reference with unit translation and its (N,) squared Sampson distances in pixels^2."""

    pose: Pose
    errors: DoubleArray


def candidate_poses(
    points: Correspondences, homography: DoubleArray | None, camera: Camera, config: GeometryConfig
) -> list[Candidate]:
    """Local minima of the epipolar error, by their truncated squared errors: from the robust estimator and from the homography."""
    K, reference, current = camera.matrix, points.reference, points.current
    starts = [find_relative_pose(reference, current, camera, config)]
    if homography is not None:
        on_plane = transfer_errors(homography, reference, current) < config.max_error**2
        starts += plane_poses(homography, K, reference[on_plane])
    refined = [refine_relative_pose(start, reference, current, camera, config) for start in starts if start is not None]
    candidates = [_facing(pose, points, K, config) for pose in refined if pose is not None]
    return sorted(candidates, key=lambda candidate: float(np.minimum(candidate.errors, config.max_error**2).sum()))


def lead_over_rivals(candidates: list[Candidate], noise: float) -> float:
    """How much less likely than the first the likeliest other solution is, as -2 log of the likelihood ratio; inf without one."""
    if not candidates:
        return float("inf")
    best = candidates[0]
    rivals = [other for other in candidates if other.pose.translation @ best.pose.translation < _SAME_DIRECTION]
    return min((_misfit(rival, noise) for rival in rivals), default=float("inf")) - _misfit(best, noise)


def _misfit(candidate: Candidate, noise: float) -> float:
    return float(np.minimum(candidate.errors / noise**2, _TRUNCATION).sum())


def _facing(pose: Pose, points: Correspondences, K: DoubleArray, config: GeometryConfig) -> Candidate:
    """The sign of the translation that puts most inliers in front of both cameras; the epipolar error does not tell."""
    F = fundamental_matrix(essential_matrix(pose.rotation, pose.translation), K)
    errors = sampson_errors(F, points.reference, points.current)
    inliers = errors < config.max_error**2
    rays = unit_rays(points.reference[inliers], K), unit_rays(points.current[inliers], K)
    opposite = Pose(pose.rotation, -pose.translation)
    return Candidate(opposite if in_front(opposite, *rays).sum() > in_front(pose, *rays).sum() else pose, errors)
