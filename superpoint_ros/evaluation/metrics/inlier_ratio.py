"""How many of the matches survive geometric verification."""

from __future__ import annotations

from superpoint_ros.types import BoolArray


def inlier_ratio(inliers: BoolArray) -> float:
    """Share of the putative matches (M,) that agree with the model that a robust estimator found, as Schönberger et al. report it
    (CVPR 2017, section 4). 0 without matches, and without a model, for then no match is an inlier.

    It needs no ground truth, and says little where the model is wrong: read it beside the error of the model.
    """
    return float(inliers.mean()) if len(inliers) else 0.0
