"""The motions that a pair of images could show, each with its residuals, and the one that explains the matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..config import GeometryConfig
from ..types import BoolArray, DoubleArray, Pose
from .correspondences import Correspondences
from .model_selection import Motion, gric, joint_errors, noise_level
from .residuals import essential_matrix, fundamental_matrix, sampson_errors, transfer_errors
from .rotation import fit_rotation


@dataclass(frozen=True)
class Hypotheses:
    """What the robust estimators found for one pair of images of a calibrated camera.

    homography: (3, 3) or None. pose: T_current_reference of the essential matrix or None. rotation: of a camera that only turned.
    errors: (N,) squared residuals in pixels^2 of every motion that was found. noise: of one coordinate in pixels.
    """

    homography: DoubleArray | None
    pose: Pose | None
    rotation: DoubleArray
    errors: dict[Motion, DoubleArray]
    noise: float
    max_error: float

    @staticmethod
    def of(
        points: Correspondences, homography: DoubleArray | None, pose: Pose | None, K: DoubleArray, config: GeometryConfig
    ) -> Hypotheses:
        """Residuals and noise for a homography and a pose, at least one of which was found."""
        a, b = points.reference, points.current
        start = np.eye(3) if homography is None else homography
        rotation, rotation_errors = fit_rotation(start, K, a, b, config.max_error)
        errors = {Motion.IDENTITY: transfer_errors(np.eye(3), a, b), Motion.ROTATION: rotation_errors}
        if homography is not None:
            errors[Motion.HOMOGRAPHY] = transfer_errors(homography, a, b)
        if pose is not None:
            errors[Motion.ESSENTIAL] = epipolar_errors(pose, K, points)
        widest = Motion.HOMOGRAPHY if pose is None else Motion.ESSENTIAL
        inliers = errors[widest] < config.max_error**2
        noise = noise_level(joint_errors(errors[widest], widest)[inliers], widest)
        return Hypotheses(homography, pose, rotation, errors, noise, config.max_error)

    def best(self) -> Motion:
        """The motion with the lowest GRIC."""
        return min(self.errors, key=lambda motion: gric(joint_errors(self.errors[motion], motion), motion, self.noise))

    def inliers(self, motion: Motion) -> BoolArray:
        """(N,) bool: which matches the motion explains; none where it was not found."""
        if motion not in self.errors:
            return np.zeros(len(self.errors[Motion.IDENTITY]), bool)
        return np.asarray(self.errors[motion] < self.max_error**2)


def epipolar_errors(pose: Pose, K: DoubleArray, points: Correspondences) -> DoubleArray:
    """(N,) squared Sampson distances in pixels^2 from the epipolar lines of a pose."""
    F = fundamental_matrix(essential_matrix(pose.rotation, pose.translation), K)
    return sampson_errors(F, points.reference, points.current)
