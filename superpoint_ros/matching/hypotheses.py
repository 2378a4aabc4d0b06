"""The motions that a pair of images could show, each with its residuals, and the one that explains the matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.matching.candidates import candidate_poses, lead_over_rivals
from superpoint_ros.matching.correspondences import Correspondences
from superpoint_ros.matching.model_selection import Motion, gric, joint_errors, noise_level
from superpoint_ros.matching.residuals import transfer_errors
from superpoint_ros.matching.rotation import Rays, fit_rotation
from superpoint_ros.types import BoolArray, Camera, DoubleArray, Pose


@dataclass(frozen=True)
class Hypotheses:
    """What was found for one pair of images of a calibrated camera.

    homography: (3, 3) or None. pose: T_current_reference with unit translation, the likeliest of all that were tried, or None.
    lead: how much larger -2 log(likelihood) of the likeliest pose in another direction is; inf without such a rival.
    rotation: of a camera that only turned. errors: (N,) squared residuals in pixels^2 of every motion that was found.
    noise: of one coordinate in pixels.
    """

    homography: DoubleArray | None
    pose: Pose | None
    lead: float
    rotation: DoubleArray
    errors: dict[Motion, DoubleArray]
    noise: float
    max_error: float

    @staticmethod
    def of(points: Correspondences, homography: DoubleArray | None, camera: Camera, config: GeometryConfig) -> Hypotheses:
        """Find the pose and the rotation, and measure every motion on all matches."""
        a, b, K = points.reference, points.current, camera.matrix
        start = np.eye(3) if homography is None else homography
        rays = Rays.of(points, K)
        rotation, rotation_errors = fit_rotation(start, K, points, rays, config.max_error)
        errors = {Motion.IDENTITY: transfer_errors(np.eye(3), a, b), Motion.ROTATION: rotation_errors}
        if homography is not None:
            errors[Motion.HOMOGRAPHY] = transfer_errors(homography, a, b)
        poses = candidate_poses(points, rays, homography, camera, config)
        if poses:
            errors[Motion.ESSENTIAL] = poses[0].errors
        widest = next(motion for motion in (Motion.ESSENTIAL, Motion.HOMOGRAPHY, Motion.ROTATION) if motion in errors)
        noise = noise_level(joint_errors(errors[widest], widest)[errors[widest] < config.max_error**2], widest)
        pose = poses[0].pose if poses else None
        return Hypotheses(homography, pose, lead_over_rivals(poses, noise), rotation, errors, noise, config.max_error)

    def best(self) -> Motion:
        """The motion with the lowest GRIC, over the matches that at least one motion explains: the others say nothing."""
        explained = np.any([self.inliers(motion) for motion in self.errors], axis=0)
        errors = {motion: joint_errors(squared[explained], motion) for motion, squared in self.errors.items()}
        return min(errors, key=lambda motion: gric(errors[motion], motion, self.noise))

    def inliers(self, motion: Motion) -> BoolArray:
        """(N,) bool: which matches the motion explains; none where it was not found."""
        if motion not in self.errors:
            return np.zeros(len(self.errors[Motion.IDENTITY]), bool)
        return np.asarray(self.errors[motion] < self.max_error**2)
