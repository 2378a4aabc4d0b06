"""Keypoints that the reference does not have, followed from the previous image to the current one.

That needs no second robust estimation. The motion from the reference to either image is known, hence the rotation between the
two, and what both share with the reference gives the translation by linear least squares. Matches must agree with that motion.
"""

from __future__ import annotations

import numpy as np

from superpoint_ros.config import GeometryConfig, MatcherConfig
from superpoint_ros.matching.mutual_nearest import empty_matches, match
from superpoint_ros.matching.plausibility import face_points
from superpoint_ros.matching.residuals import essential_matrix, homogeneous, sampson_errors, transfer_errors
from superpoint_ros.matching.view import View
from superpoint_ros.types import BoolArray, DoubleArray, Features, IndexArray, Matches, Pose, TwoViewGeometry


def link_the_rest(
    previous: View,
    current: View,
    known: Matches,
    before: TwoViewGeometry,
    now: TwoViewGeometry,
    focal_length: float,
    matcher: MatcherConfig = MatcherConfig(),
    geometry: GeometryConfig = GeometryConfig(),
) -> Matches:
    """Matches from the previous to the current image between keypoints that are in none of the known links.

    known: links that go through the reference. before, now: the geometry from the reference to the previous and to the current
    image. focal_length: pixels. Without enough known links, or where they disagree with the motion, there are none.
    """
    if len(known) < geometry.min_inliers:
        return empty_matches()
    rest = _match_rest(previous.features, current.features, known, matcher)
    first = np.concatenate([known.reference_index, rest.reference_index])
    second = np.concatenate([known.current_index, rest.current_index])
    is_known = np.arange(len(first)) < len(known)
    if before.T_current_reference is not None and now.T_current_reference is not None:
        rotation = now.T_current_reference.rotation @ before.T_current_reference.rotation.T
        a, b = previous.normalized[first].astype(np.float64), current.normalized[second].astype(np.float64)
        agrees = _agree_with_rotation(rotation, a, b, is_known, geometry.max_error / focal_length)
    elif before.homography is not None and now.homography is not None:
        H = now.homography @ np.linalg.inv(before.homography)
        a, b = (image.features.keypoints[rows].astype(np.float64) for image, rows in ((previous, first), (current, second)))
        agrees = np.asarray(transfer_errors(H, a, b) < geometry.max_error**2)
    else:
        return empty_matches()
    if agrees[is_known].mean() < 0.5:
        return empty_matches()
    keep = agrees[~is_known]
    return Matches(rest.reference_index[keep], rest.current_index[keep], rest.similarity[keep])


def _match_rest(previous: Features, current: Features, known: Matches, config: MatcherConfig) -> Matches:
    left = _others(len(previous), known.reference_index), _others(len(current), known.current_index)
    found = match(_subset(previous, left[0]), _subset(current, left[1]), config, previous.keypoints[left[0]])
    return Matches(left[0][found.reference_index], left[1][found.current_index], found.similarity)


def _others(count: int, index: IndexArray) -> IndexArray:
    is_other = np.ones(count, bool)
    is_other[index] = False
    return np.flatnonzero(is_other)


def _subset(features: Features, rows: IndexArray) -> Features:
    return Features(
        features.keypoints[rows], features.scores[rows], features.descriptors[rows], features.image_size, features.model
    )


def _agree_with_rotation(
    rotation: DoubleArray, a: DoubleArray, b: DoubleArray, is_known: BoolArray, max_error: float
) -> BoolArray:
    """(N,) bool: which pairs of normalized points (N, 2) fit a camera with this rotation and the translation that fits the known.

    max_error: in normalized units. A camera that hardly moved has epipolar lines that mean nothing; there, points must be where
    the rotation takes them.
    """
    usable = np.asarray(np.isfinite(np.hstack([a, b])).all(axis=1))
    a, b = np.where(usable[:, None], a, 0.0), np.where(usable[:, None], b, 0.0)
    turned = np.asarray(transfer_errors(rotation, a, b) < max_error**2)
    if turned[is_known].mean() > 0.5:
        return np.asarray(turned & usable)
    rays = [homogeneous(points) for points in (a, b)]
    rays = [ray / np.sqrt((ray * ray).sum(axis=1, keepdims=True)) for ray in rays]
    # t is orthogonal to the normals of all epipolar planes.
    normals = np.cross(rays[0][is_known] @ rotation.T, rays[1][is_known])
    translation = np.linalg.eigh(normals.T @ normals)[1][:, 0]
    errors = sampson_errors(essential_matrix(rotation, translation), a, b)
    pose = Pose(rotation, np.ascontiguousarray(translation))
    _, plausible = face_points(pose, rays[0], rays[1], is_known & (errors < max_error**2), float(np.degrees(max_error)))
    return np.asarray((errors < max_error**2) & plausible & usable)
