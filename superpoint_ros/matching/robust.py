"""Robust estimators: PoseLib's LO-RANSAC and OpenCV's USAC with MAGSAC++ scores, behind the same two functions.

PoseLib: Larsson et al., https://github.com/PoseLib/PoseLib; LO-RANSAC: Lebeda, Matas, Chum, BMVC 2012; MAGSAC++: Barath et
al., CVPR 2020. Both are seeded and run in one thread, so that the same points give the same answer. They return None instead of
a bad matrix. Whichever found a pose, PoseLib's non-linear refinement brings it to the nearest minimum.

PoseLib's settings are those that cost the least time at the same accuracy; docs/performance.md has the table.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import poselib

from superpoint_ros.config import GeometryConfig
from superpoint_ros.types import Camera, DoubleArray, Pose

_MIN_ITERATIONS = 10
"""Samples that are tried although an earlier one already explains nearly all matches."""
_RIVAL_ITERATIONS = 500
"""Samples that find a plane with a third of the matches with a probability of 0.998."""
_COARSE_STEP, _FINE_STEP = 1e-4, 1e-6
"""Refinement stops at steps below this, in radians: 0.05 and 0.0005 pixels of a camera with a focal length of 500 pixels."""


def find_homography(
    reference: DoubleArray, current: DoubleArray, config: GeometryConfig, is_rival: bool = False
) -> DoubleArray | None:
    """(3, 3) H with x_current ~ H x_reference and H[2, 2] = 1, from (N, 2) undistorted pixels.

    is_rival: whether it is only to be compared with a pose, so that a plane with few of the matches need not be found.
    """
    if len(reference) < 4:
        return None
    if is_rival:
        config = config.model_copy(update={"max_iterations": min(config.max_iterations, _RIVAL_ITERATIONS)})
    H: Any
    if config.estimator == "poselib":
        options = _poselib_options(config) | {"max_reproj_error": config.max_error}
        H, _ = poselib.estimate_homography(reference, current, options)
    else:
        try:
            H, _ = cv2.findHomography(reference, current, _usac_params(config))
        except cv2.error:
            return None
    if H is None or not np.isfinite(H).all() or abs(H[2, 2]) < 1e-12:
        return None
    H = np.asarray(H / H[2, 2], np.float64)
    return H if abs(np.linalg.det(H)) > 1e-12 else None


def find_relative_pose(
    reference: DoubleArray, current: DoubleArray, camera: Camera, config: GeometryConfig, is_final: bool = False
) -> Pose | None:
    """T_current_reference with unit translation, from (N, 2) undistorted pixels.

    is_final: whether nobody will refine it, so that PoseLib does, over the inliers, as it does by default. OpenCV always does.
    """
    if len(reference) < 5:
        return None
    if config.estimator == "poselib":
        pose = _poselib_pose(reference, current, camera, config, is_final)
    else:
        pose = _opencv_pose(reference, current, camera, config)
    return None if pose is None else _unit_length(pose)


def refine_relative_pose(
    pose: Pose, reference: DoubleArray, current: DoubleArray, camera: Camera, config: GeometryConfig
) -> Pose | None:
    """The local minimum of the Sampson distances near a pose, with a Cauchy loss that makes outliers harmless."""
    # A quarter of the largest error is about the noise of keypoints.
    loss = {"loss_type": "CAUCHY", "loss_scale": 0.25 * config.max_error}
    return _minimize(pose, reference, current, camera, loss | {"step_tol": _COARSE_STEP})


def polish_relative_pose(pose: Pose, inliers_reference: DoubleArray, inliers_current: DoubleArray, camera: Camera) -> Pose | None:
    """Least squares over inliers, which nothing beats where the noise is Gaussian."""
    return _minimize(pose, inliers_reference, inliers_current, camera, {"loss_type": "TRIVIAL", "step_tol": _FINE_STEP})


def _minimize(pose: Pose, reference: DoubleArray, current: DoubleArray, camera: Camera, options: dict[str, Any]) -> Pose | None:
    if len(reference) < 6:
        return None
    start = poselib.CameraPose()
    start.R, start.t = pose.rotation, pose.translation
    pinhole = _poselib_pinhole(camera)
    refined, _ = poselib.refine_relative_pose(reference, current, start, pinhole, pinhole, options | {"max_iterations": 30})
    return _unit_length(Pose(np.array(refined.R, np.float64), np.array(refined.t, np.float64)))


def _unit_length(pose: Pose) -> Pose | None:
    length = float(np.linalg.norm(pose.translation))
    if not np.isfinite(pose.matrix).all() or length < 1e-9:
        return None
    return Pose(pose.rotation, pose.translation / length)


def _poselib_pinhole(camera: Camera) -> dict[str, Any]:
    parameters = [camera.fx, camera.fy, camera.cx, camera.cy]
    return {"model": "PINHOLE", "width": camera.width, "height": camera.height, "params": parameters}


def _poselib_options(config: GeometryConfig) -> dict[str, Any]:
    return {
        "max_iterations": config.max_iterations,
        "min_iterations": min(_MIN_ITERATIONS, config.max_iterations),
        # PoseLib's default of 3 trebles the number of samples that the confidence asks for.
        "dyn_num_trials_mult": 1.0,
        "success_prob": config.confidence,
        "seed": config.seed,
    }


def _poselib_pose(
    reference: DoubleArray, current: DoubleArray, camera: Camera, config: GeometryConfig, is_final: bool
) -> Pose | None:
    pinhole = _poselib_pinhole(camera)
    options = _poselib_options(config) | {"max_epipolar_error": config.max_error}
    refinement = {} if is_final else {"max_iterations": 0}
    pose, _ = poselib.estimate_relative_pose(reference, current, pinhole, pinhole, options, refinement)
    return Pose(np.array(pose.R, np.float64), np.array(pose.t, np.float64))


def _usac_params(config: GeometryConfig) -> cv2.UsacParams:
    params = cv2.UsacParams()
    params.threshold = config.max_error
    params.confidence = config.confidence
    params.maxIterations = config.max_iterations
    params.randomGeneratorState = config.seed
    params.isParallel = False
    params.sampler = cv2.SAMPLING_UNIFORM
    params.score = cv2.SCORE_METHOD_MAGSAC
    params.loMethod = cv2.LOCAL_OPTIM_SIGMA
    params.loIterations = 10
    params.final_polisher = cv2.MAGSAC
    params.final_polisher_iterations = 10
    return params


def _opencv_pose(reference: DoubleArray, current: DoubleArray, camera: Camera, config: GeometryConfig) -> Pose | None:
    none, K = np.zeros(4), camera.matrix
    try:
        E, mask = cv2.findEssentialMat(reference, current, K, K, none, none, _usac_params(config))
        if E is None or E.shape != (3, 3):
            return None
        _, rotation, translation, _ = cv2.recoverPose(E, reference, current, K, mask=mask)
    except cv2.error:
        return None
    return Pose(np.asarray(rotation, np.float64), np.asarray(translation, np.float64).ravel())
