"""Whether the ground truth can be true: a swapped, shifted or inverted one explains few of the matches that the images give.

RootSIFT matches judge it, beside the best homography or pose that a robust estimator finds among them. A check decides only
where that one is beyond doubt, and only against a truth that is far off, because real ground truth is not exact and images can be
hard. Small motions look alike forwards and backwards: such a pair agrees either way, and says nothing about the data set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.camera_turn import camera_turns, turned
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sift_matches import CHECKED, SiftMatcher
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.evaluation.one_camera import in_one_camera
from superpoint_ros.matching.plausibility import in_front, ray_angles
from superpoint_ros.matching.residuals import essential_matrix, fundamental_matrix, sampson_errors, transfer_errors
from superpoint_ros.matching.robust import find_homography, find_relative_pose
from superpoint_ros.matching.rotation import unit_rays
from superpoint_ros.types import Camera, DoubleArray, Pose

_HOMOGRAPHY_ERROR, _POSE_ERROR, _INVERSE_ERROR = 0.005, 0.01, 0.0025
"""Largest error of an explained match as a share of the image diagonal. Poses that come from depth or tracking are off by several
pixels over a gap of ten frames; whether their inverse fits is seen only by a sharper look."""
_MIN_EXPLAINED, _MIN_SHARE = 25, 0.1
"""Matches, and share of all matches, that the best estimate must explain to be beyond doubt."""
_FAR_FEWER = 0.4
_NEARLY_ALL = 0.6
_FEW = 0.2
"""Share of pairs that may contradict their images for other reasons than the frame of their poses."""


class Verdict(Enum):
    """What the matches say about the ground truth."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class TruthCheck:
    """reason: one line with the counts behind the verdict. decisive: whether it would be another one for the inverse truth."""

    verdict: Verdict
    reason: str
    decisive: bool = True


@dataclass(frozen=True)
class _Explained:
    """How many of the matches the truth, its inverse and the best estimate explain."""

    matches: int
    truth: int
    inverse: int
    best: int

    def verdict(self, what: str) -> TruthCheck:
        counts = f"explains {self.truth} of {self.matches} SIFT matches"
        rival = max(self.inverse, self.best)
        if rival < max(_MIN_EXPLAINED, _MIN_SHARE * self.matches):
            return TruthCheck(Verdict.UNDECIDED, f"too few matches to check the {what}: it {counts}", decisive=False)
        if self.truth >= _FAR_FEWER * rival:
            decisive = self.inverse < _FAR_FEWER * self.truth
            return TruthCheck(Verdict.AGREES, f"the {what} {counts}, the best one {self.best}", decisive)
        if self.inverse >= _NEARLY_ALL * rival:
            return TruthCheck(Verdict.CONTRADICTS, f"the {what} looks inverted: it {counts}, its inverse {self.inverse}")
        return TruthCheck(Verdict.CONTRADICTS, f"the {what} contradicts the images: it {counts}, the best one {self.best}")


def check_pairs(pairs: PairSet, sift: SiftMatcher, per_group: int = CHECKED) -> dict[str, TruthCheck]:
    """The checks of at most ``per_group`` pairs of each group (0: of all), by the name of the pair.

    Raises DataError where most of those that are decisive contradict their images: then the data set is wrong, not a pair.
    """
    checks = {pair.name: check_truth(pair, sift) for pair in pairs.at_most(per_group)}
    wrong = [f"{name}: {check.reason}" for name, check in checks.items() if check.verdict is Verdict.CONTRADICTS]
    decisive = sum(check.decisive for check in checks.values())
    if len(wrong) > decisive / 2:
        raise DataError(
            f"{pairs.name}: the ground truth contradicts the images in {len(wrong)} of {decisive} pairs that could be checked, "
            f"e.g. {wrong[0]}{_remedy(pairs, sift, per_group)}"
        )
    return checks


def _remedy(pairs: PairSet, sift: SiftMatcher, per_group: int) -> str:
    """Where poses of another frame than the camera's would be the reason: that, for the end of an error message."""
    turns = camera_turns(pairs.at_most(per_group), sift)
    checks = [check_truth(pair, sift) for pair in turned(pairs, turns).at_most(per_group)]
    wrong = sum(check.verdict is Verdict.CONTRADICTS for check in checks)
    if wrong > _FEW * sum(check.decisive for check in checks):
        return ""
    scene, turn = next((scene, turn) for scene, turn in turns.items() if turn.is_sure)
    return f". It agrees if the camera of {scene} is turned by {turn} against the frame of the poses: --align-camera turns them"


def check_truth(pair: ImagePair, sift: SiftMatcher) -> TruthCheck:
    """Whether the homography of a pair, or else its pose, can be true. Raises DataError where an image cannot be read."""
    a, b, diagonal = sift.match(pair)
    if pair.homography is not None:
        return _explained_by_homographies(pair.homography, a, b, _HOMOGRAPHY_ERROR * diagonal).verdict("homography")
    if pair.T_second_first is None or pair.first_camera is None or pair.second_camera is None:
        return TruthCheck(Verdict.UNDECIDED, "there is no homography, and no pose with intrinsics", decisive=False)
    view = _TwoCameras.of(a, b, pair.first_camera, pair.second_camera)
    coarse = view.explained(pair.T_second_first, _POSE_ERROR * diagonal).verdict("pose")
    if coarse.verdict is not Verdict.AGREES:
        return coarse
    fine = view.explained(pair.T_second_first, _INVERSE_ERROR * diagonal)
    inverted = fine.inverse >= _NEARLY_ALL * fine.best and fine.truth < _FAR_FEWER * fine.inverse
    return fine.verdict("pose") if inverted else replace(coarse, decisive=fine.verdict("pose").decisive)


def _explained_by_homographies(H: DoubleArray, a: DoubleArray, b: DoubleArray, max_error: float) -> _Explained:
    def count(H: DoubleArray | None) -> int:
        return 0 if H is None else int((transfer_errors(H, a, b) < max_error**2).sum())

    best = find_homography(a, b, GeometryConfig(max_error=max_error))
    return _Explained(len(a), count(H), count(np.asarray(np.linalg.inv(H))), count(best))


@dataclass(frozen=True)
class _TwoCameras:
    """Matches as pixels (N, 2) of one pinhole camera, whatever two cameras they were seen by."""

    first: DoubleArray
    second: DoubleArray
    camera: Camera

    @staticmethod
    def of(a: DoubleArray, b: DoubleArray, first: Camera, second: Camera) -> _TwoCameras:
        seen = in_one_camera(a, b, first, second)
        return _TwoCameras(seen.first, seen.second, seen.camera)

    def explained(self, truth: Pose, max_error: float) -> _Explained:
        best = find_relative_pose(self.first, self.second, self.camera, GeometryConfig(max_error=max_error))
        found = 0 if best is None else self._count(best, max_error)
        return _Explained(len(self.first), self._count(truth, max_error), self._count(truth.inverse(), max_error), found)

    def _count(self, pose: Pose, max_error: float) -> int:
        """Matches on their epipolar lines, in front of both cameras or so far away that this is noise."""
        K, length = self.camera.matrix, float(np.linalg.norm(pose.translation))
        rays = unit_rays(self.first, K), unit_rays(self.second, K)
        far = ray_angles(pose.rotation, *rays) < np.degrees(max_error / self.camera.fx)
        if length < 1e-9:
            return int(far.sum())
        direction = Pose(pose.rotation, pose.translation / length)
        F = fundamental_matrix(essential_matrix(direction.rotation, direction.translation), K)
        near_line = sampson_errors(F, self.first, self.second) < max_error**2
        return int((near_line & (far | in_front(direction, *rays))).sum())
