"""The poses that could explain a pair of images, likeliest first.

With little parallax (consecutive images of a video) or a dominant plane, the epipolar error has several deep minima, and a
robust estimator alone often ends in the wrong one. The poses behind the homography of the dominant plane lie near the others,
so all are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.matching.correspondences import Correspondences
from superpoint_ros.matching.decompose import plane_poses
from superpoint_ros.matching.model_selection import Motion, noise_level
from superpoint_ros.matching.plausibility import face_points
from superpoint_ros.matching.residuals import essential_matrix, fundamental_matrix, sampson_errors, transfer_errors
from superpoint_ros.matching.robust import find_relative_pose, polish_relative_pose, refine_relative_pose
from superpoint_ros.matching.rotation import Rays
from superpoint_ros.types import Camera, DoubleArray, Pose

_SAME_DIRECTION = float(np.cos(np.radians(10.0)))
"""Poses with translations closer than this are no rivals."""
_SAME = 1e-3
"""Radians between poses that are the same solution before it is polished."""
_TRUNCATION = 4.0
"""Squared residuals above this (in units of the noise) are outliers when poses are compared."""
_INLIER_SIGMAS = 3.0


@dataclass(frozen=True)
class Candidate:
    """A pose T_current_reference with unit translation and its (N,) squared Sampson distances in pixels^2.

    Matches that would lie behind the cameras or right in front of them have an infinite distance.
    """

    pose: Pose
    errors: DoubleArray

    @staticmethod
    def of(pose: Pose, points: Correspondences, rays: Rays, camera: Camera, max_error: float) -> Candidate:
        """Measure a pose on all matches, with the sign of its translation that puts them in front of the cameras."""
        F = fundamental_matrix(essential_matrix(pose.rotation, pose.translation), camera.matrix)
        errors = sampson_errors(F, points.reference, points.current)
        noise = float(np.degrees(max_error / camera.fx))
        pose, plausible = face_points(pose, rays.reference, rays.current, errors < max_error**2, noise)
        return Candidate(pose, np.where(plausible, errors, np.inf))

    def cost(self, max_error: float) -> float:
        """Sum of squared errors, truncated at the largest error of an inlier."""
        return float(np.minimum(self.errors, max_error**2).sum())

    def noise(self, max_error: float) -> float:
        """Standard deviation of one coordinate in pixels, from the inliers."""
        return noise_level(self.errors[self.errors < max_error**2], Motion.ESSENTIAL)

    def misfit(self, noise: float) -> float:
        """-2 log(likelihood) with Gaussian noise and outliers."""
        return float(np.minimum(self.errors / noise**2, _TRUNCATION).sum())


def candidate_poses(
    points: Correspondences, rays: Rays, homography: DoubleArray | None, camera: Camera, config: GeometryConfig
) -> list[Candidate]:
    """Local minima of the epipolar error, best first: near that of the robust estimator and those of the homography."""
    reference, current = points.reference, points.current
    starts = [find_relative_pose(reference, current, camera, config)]
    if homography is not None:
        on_plane = transfer_errors(homography, reference, current) < config.max_error**2
        starts += plane_poses(homography, camera.matrix, reference[on_plane])
    coarse: list[Candidate] = []
    for start in starts:
        pose = None if start is None else refine_relative_pose(start, reference, current, camera, config)
        # Most starts lie in the same valley, which one of them is enough for.
        if pose is not None and not any(_is_same(pose, one.pose) for one in coarse):
            coarse.append(Candidate.of(pose, points, rays, camera, config.max_error))
    candidates = [_polish(one, points, rays, camera, config.max_error) for one in coarse]
    if not candidates:
        return []
    closest = min(candidates, key=lambda one: one.cost(config.max_error))
    noise = closest.noise(config.max_error)
    return sorted(candidates, key=lambda one: one.misfit(noise))


def lead_over_rivals(candidates: list[Candidate], noise: float) -> float:
    """How much larger -2 log(likelihood) of the likeliest pose in another direction is; inf without one."""
    if not candidates:
        return float("inf")
    best = candidates[0]
    rivals = [one for one in candidates if one.pose.translation @ best.pose.translation < _SAME_DIRECTION]
    return min((rival.misfit(noise) for rival in rivals), default=float("inf")) - best.misfit(noise)


def _is_same(a: Pose, b: Pose) -> bool:
    """Whether two poses are so close that least squares over the inliers takes both to the same place, whatever the sign of t."""
    return bool(np.abs(a.rotation - b.rotation).max() < _SAME and abs(a.translation @ b.translation) > 1.0 - 0.5 * _SAME**2)


def _polish(coarse: Candidate, points: Correspondences, rays: Rays, camera: Camera, max_error: float) -> Candidate:
    """The local minimum near a pose that was refined over all matches: least squares over the inliers."""
    inliers = coarse.errors < min(_INLIER_SIGMAS * coarse.noise(max_error), max_error) ** 2
    pose = polish_relative_pose(coarse.pose, points.reference[inliers], points.current[inliers], camera)
    return coarse if pose is None else Candidate.of(pose, points, rays, camera, max_error)
