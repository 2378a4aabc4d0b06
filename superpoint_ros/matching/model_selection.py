"""Which motion explains the matches: none, a rotation, a homography or a general motion.

The criterion is GRIC, the geometric robust information criterion of Torr (Bayesian Model Estimation and Selection for Epipolar
Geometry and Generic Manifold Fitting, IJCV 50(1), 2002):

    GRIC = sum_i min(e_i^2 / s^2, 2 (r - d))  +  d n log(r)  +  k log(r n)

with n matches, residuals e_i in the joint space of the four coordinates (r = 4), noise s, k parameters of the motion and d
dimensions of structure per match. The first term pays for misfit, the second for the freedom of every point to lie anywhere on
a line instead of at one place, the third for the motion itself. The model with the lowest value wins. Planes and pure rotations
need no special case: there, E fits no better than the homography but pays for its extra freedom.

The noise s comes from the residuals of the most general model that was found, since all of the others are special cases of it.
Matches that no model explains are left out: an outlier would cost 4 + 2 log 4 under a homography and 2 + 3 log 4 under E, so that
enough of them would decide for E.
"""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from superpoint_ros.types import DoubleArray


class Motion(Enum):
    """A family of motions: (k, d) are the parameters of the motion and the dimensions of structure."""

    IDENTITY = (0, 2)
    ROTATION = (3, 2)
    HOMOGRAPHY = (8, 2)
    ESSENTIAL = (5, 3)


_JOINT_DIMENSIONS = 4
_MIN_NOISE = 0.1
"""Pixels; keypoints are never more exact, and perfect (synthetic) data must not make every other model infinitely bad."""


def joint_errors(squared: DoubleArray, motion: Motion) -> DoubleArray:
    """Residuals of one image -> residuals in the joint space of both images, all in pixels^2.

    The best correction of a match shares a transfer error between the two images, which halves its square (exact where the
    homography is nearly an isometry); Sampson distances already are distances in the joint space.
    """
    return squared if motion is Motion.ESSENTIAL else 0.5 * squared


def noise_level(squared: DoubleArray, motion: Motion) -> float:
    """Robust standard deviation of one coordinate in pixels, from the squared joint residuals of the inliers of a motion."""
    parameters, structure = motion.value
    n = len(squared)
    if n <= parameters:
        return _MIN_NOISE
    median_of_chi2 = {1: 0.4549, 2: 1.3863}[_JOINT_DIMENSIONS - structure]
    variance = float(np.median(squared)) / median_of_chi2 * n / (n - parameters)
    return max(math.sqrt(variance), _MIN_NOISE)


def gric(squared: DoubleArray, motion: Motion, noise: float) -> float:
    """GRIC of a motion from its (N,) squared joint residuals; inf counts as an outlier."""
    parameters, structure = motion.value
    n, r = len(squared), _JOINT_DIMENSIONS
    misfit = np.minimum(squared / noise**2, 2.0 * (r - structure)).sum()
    return float(misfit + structure * n * math.log(r) + parameters * math.log(r * max(n, 1)))


def chance_log10(matches: int, inliers: int, sample: int, probability: float) -> float:
    """log10 of how many models with so many inliers random matches would give: above 0, the model is no better than chance.

    The number of false alarms of Moisan and Stival (A Probabilistic Criterion to Detect Rigid Point Matches, IJCV 57(3), 2004):
    (n - s) C(n, k) C(k, s) p^(k - s) with p the probability that a random match is an inlier of a given model.
    """
    if inliers <= sample:
        return float(matches)
    log = math.log(matches - sample) + _log_choose(matches, inliers) + _log_choose(inliers, sample)
    return (log + (inliers - sample) * math.log(probability)) / math.log(10.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
