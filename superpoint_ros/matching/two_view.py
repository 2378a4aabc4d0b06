"""Matches -> TwoViewGeometry: find H and E, choose the motion that explains the matches, say what can be trusted.

Nothing here raises on degenerate input: every way to fail has a status and a sentence.
"""

from __future__ import annotations

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.errors import DataError
from superpoint_ros.matching.camera_model import check_camera
from superpoint_ros.matching.correspondences import Correspondences
from superpoint_ros.matching.covariance import relative_pose_covariance, rotation_covariance
from superpoint_ros.matching.hypotheses import Hypotheses
from superpoint_ros.matching.model_selection import Motion, chance_log10
from superpoint_ros.matching.plausibility import ray_angles
from superpoint_ros.matching.residuals import essential_matrix, transfer_errors
from superpoint_ros.matching.robust import find_homography
from superpoint_ros.matching.rotation import unit_rays
from superpoint_ros.types import (
    BoolArray,
    Camera,
    DoubleArray,
    Features,
    Matches,
    Pose,
    TwoViewGeometry,
    TwoViewModel,
    TwoViewStatus,
)


def estimate_two_view(
    reference: Features,
    current: Features,
    matches: Matches,
    camera: Camera | None = None,
    config: GeometryConfig = GeometryConfig(),
) -> TwoViewGeometry:
    """The motion of the camera between two images.

    camera: of both images. Without one, or with one that is not calibrated or made for another image size, only the homography is
    estimated and the status is NO_CAMERA. Points are undistorted first. The same input always gives the same result.
    """
    problem = _camera_problem(camera, reference, current)
    points = Correspondences.of(reference, current, matches, None if problem else camera)
    if len(points) < config.min_inliers:
        return _failure(
            points, TwoViewStatus.TOO_FEW_MATCHES, f"{len(points)} usable matches, at least {config.min_inliers} are needed"
        )
    homography = find_homography(points.reference, points.current, config, is_rival=not problem)
    if camera is None or problem:
        return _without_camera(points, homography, problem, config)
    found = Hypotheses.of(points, homography, camera, config)
    if homography is None and found.pose is None:
        return _failure(
            points, TwoViewStatus.ESTIMATION_FAILED, f"neither a homography nor a pose fits the {len(points)} matches"
        )
    return _judge(points, found, camera.matrix, config)


_CLEAR_LEAD, _CLEAR_LEAD_PER_OUTLIER = 25.0, 0.2
"""-2 log of the likelihood ratio by which the best pose must beat a different one: a number, and one for every outlier.

The two poses of a plane differ only through the matches off that plane. Chance gives a few units, and outliers that happen to fit
one of the poses give up to 4 each; with these numbers 1 of 30 simulated planes with 30 % outliers and two valid poses gets the
wrong one as certain.
"""


def _judge(points: Correspondences, found: Hypotheses, K: DoubleArray, config: GeometryConfig) -> TwoViewGeometry:
    """The motion that explains the matches, and whether it can be trusted."""
    motion = found.best()
    inliers = found.inliers(motion)
    if problem := _support_problem(points, inliers, motion, config):
        return _failure(points, TwoViewStatus.TOO_FEW_INLIERS, problem)
    shift = float(np.median(np.linalg.norm(points.current[inliers] - points.reference[inliers], axis=1)))
    if motion is Motion.IDENTITY or shift < config.min_motion:
        reason = f"the camera stood still: the inliers moved by {shift:.2f} pixels (median)"
        return _turned(points, found, K, TwoViewStatus.NO_MOTION, np.eye(3), found.inliers(Motion.IDENTITY), reason)
    if motion is Motion.ROTATION:
        reason = f"a rotation explains {inliers.sum()} of {len(points)} matches within {config.max_error:g} pixels"
        return _turned(points, found, K, TwoViewStatus.PURE_ROTATION, found.rotation, inliers, reason)
    return _moved(points, found, K, motion, config)


def _moved(points: Correspondences, found: Hypotheses, K: DoubleArray, motion: Motion, config: GeometryConfig) -> TwoViewGeometry:
    """A pose with a translation, unless its points lie behind the camera or show too little parallax."""
    pose, inliers = found.pose, found.inliers(motion)
    scene = "a plane: the homography" if motion is Motion.HOMOGRAPHY else "a general scene: the essential matrix"
    reason = f"{scene} explains {inliers.sum()} of {len(points)} matches"
    if pose is None:
        return _failure(points, TwoViewStatus.ESTIMATION_FAILED, f"{reason}, but no pose fits")
    seen = found.inliers(Motion.ESSENTIAL)
    parallax = _median_parallax(pose.rotation, points, seen, K)
    if parallax < config.min_parallax:
        reason = (
            f"{reason}, but with a median parallax of {parallax:.2f} deg (below {config.min_parallax:g}) no translation shows"
        )
        return _turned(points, found, K, TwoViewStatus.PURE_ROTATION, pose.rotation, inliers, reason)
    if seen.sum() < max(config.min_inliers, 0.5 * inliers.sum()):
        reason = f"{reason}, but only {seen.sum()} of them agree with a pose that has them in front of both cameras"
        return _failure(points, TwoViewStatus.ESTIMATION_FAILED, reason)
    covariance = relative_pose_covariance(pose, K, points.reference[seen], points.current[seen], found.noise)
    if covariance is None:
        return _failure(points, TwoViewStatus.ESTIMATION_FAILED, f"{reason}, but they do not determine the pose")
    status, reason = TwoViewStatus.OK, f"{reason}, median parallax {parallax:.2f} deg"
    if found.lead < _CLEAR_LEAD + _CLEAR_LEAD_PER_OUTLIER * (len(points) - seen.sum()):
        status, reason = TwoViewStatus.AMBIGUOUS_PLANE, f"{reason}; another pose fits nearly as well (lead {found.lead:.0f})"
    return TwoViewGeometry(
        status,
        TwoViewModel.HOMOGRAPHY if motion is Motion.HOMOGRAPHY else TwoViewModel.ESSENTIAL,
        reason,
        homography_inliers=points.spread(found.inliers(Motion.HOMOGRAPHY)),
        essential_inliers=points.spread(found.inliers(Motion.ESSENTIAL)),
        homography=found.homography,
        essential=essential_matrix(pose.rotation, pose.translation),
        T_current_reference=pose,
        covariance=covariance,
        parallax=parallax,
    )


def _turned(
    points: Correspondences,
    found: Hypotheses,
    K: DoubleArray,
    status: TwoViewStatus,
    rotation: DoubleArray,
    inliers: BoolArray,
    reason: str,
) -> TwoViewGeometry:
    """A rotation without a translation, which may be the identity. The homography is that of the rotation."""
    reference, current = points.reference[inliers], points.current[inliers]
    homography = K @ rotation @ np.linalg.inv(K)
    return TwoViewGeometry(
        status,
        TwoViewModel.HOMOGRAPHY,
        reason,
        homography_inliers=points.spread(inliers),
        essential_inliers=points.spread(None),
        homography=homography / homography[2, 2],
        T_current_reference=Pose(np.ascontiguousarray(rotation), np.zeros(3)),
        covariance=rotation_covariance(rotation, K, reference, current, found.noise),
        parallax=_median_parallax(rotation, points, inliers, K),
    )


def _median_parallax(rotation: DoubleArray, points: Correspondences, inliers: BoolArray, K: DoubleArray) -> float:
    """In degrees; NaN without inliers."""
    angles = ray_angles(rotation, unit_rays(points.reference[inliers], K), unit_rays(points.current[inliers], K))
    return float(np.median(angles)) if len(angles) else float("nan")


def _without_camera(points: Correspondences, homography: DoubleArray | None, why: str, config: GeometryConfig) -> TwoViewGeometry:
    """Only the homography."""
    if homography is None:
        return _failure(points, TwoViewStatus.ESTIMATION_FAILED, f"no homography fits the {len(points)} matches")
    inliers = np.asarray(transfer_errors(homography, points.reference, points.current) < config.max_error**2)
    if problem := _support_problem(points, inliers, Motion.HOMOGRAPHY, config):
        return _failure(points, TwoViewStatus.TOO_FEW_INLIERS, problem)
    reason = f"{why}; a homography explains {inliers.sum()} of {len(points)} matches"
    return TwoViewGeometry(
        TwoViewStatus.NO_CAMERA,
        TwoViewModel.HOMOGRAPHY,
        reason,
        points.spread(inliers),
        points.spread(None),
        homography=homography,
    )


def _failure(points: Correspondences, status: TwoViewStatus, reason: str) -> TwoViewGeometry:
    return TwoViewGeometry(status, TwoViewModel.NONE, reason, points.spread(None), points.spread(None))


def _camera_problem(camera: Camera | None, reference: Features, current: Features) -> str:
    """Why there is no pose for lack of intrinsics; empty where the camera can be used."""
    if camera is None:
        return "no camera intrinsics"
    try:
        check_camera(camera)
    except DataError as error:
        return str(error)
    size = (camera.width, camera.height)
    for features in (reference, current):
        if features.image_size != size:
            width, height = features.image_size
            return f"the intrinsics are for {size[0]}x{size[1]} images, not {width}x{height}"
    return ""


def _support_problem(points: Correspondences, inliers: BoolArray, motion: Motion, config: GeometryConfig) -> str:
    """Why the inliers do not support the motion; empty where they do."""
    count = int(inliers.sum())
    if count < config.min_inliers:
        return f"{count} of {len(points)} matches are inliers, at least {config.min_inliers} are needed"
    if motion is Motion.ESSENTIAL:
        sample, area = 5, 2.0 * np.sqrt(2.0) * config.max_error * points.diagonal
    else:
        sample, area = 4, np.pi * config.max_error**2
    if chance_log10(len(points), count, sample, min(area / points.area, 1.0)) > 0.0:
        return f"{count} of {len(points)} matches are inliers, no more than random matches would give"
    if motion in (Motion.ESSENTIAL, Motion.HOMOGRAPHY):
        for image, locations in (("reference", points.reference[inliers]), ("current", points.current[inliers])):
            across = np.linalg.svd(locations - locations.mean(axis=0), compute_uv=False)[1] / np.sqrt(count)
            if across < config.max_error:
                return (
                    f"the {count} inliers lie on a line in the {image} image (within {across:.1f} pixels): no motion is certain"
                )
    return ""
