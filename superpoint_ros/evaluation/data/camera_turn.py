"""How the camera is turned against the frame that the true poses are of, as the images tell.

Motion capture, IMUs and vehicles measure poses of a frame of their own, and a calibration leads from there to the camera. Where
it is off by some degrees, or missing, the truth has each motion in turned axes: T_seen = X T_true X^-1 with one rotation X, the
rotational part of hand-eye calibration (Park and Martin, "Robot sensor calibration: solving AX = XB on the Euclidean group",
IEEE Transactions on Robotics and Automation, 1994). A principal point that is off looks nearly the same. What the distance
between the two frames does is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from superpoint_ros.config import GeometryConfig
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sift_matches import CHECKED, SiftMatcher
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.evaluation.one_camera import in_one_camera
from superpoint_ros.evaluation.relative_pose import MIN_BASELINE
from superpoint_ros.matching.robust import find_relative_pose
from superpoint_ros.rotations import nearest_rotation
from superpoint_ros.types import DoubleArray, Pose

_GEOMETRY = GeometryConfig(max_error=2.0)
_MIN_MOTIONS = 10
_MIN_TURN = 1.0
"""Degrees below which a turn is not worth a word."""
_ROTATION_NOISE, _DIRECTION_NOISE = 0.3, 3.0
"""Degrees by which motions of a handheld camera are usually off about each axis, as the images or the truth have them."""
_MIN_ROTATION_NOISE, _MIN_DIRECTION_NOISE = 0.1, 0.5
"""Degrees. Neighbouring motions are off alike, so that many good ones together are less sure than they look."""
_USUAL_TURN = 10.0
"""Degrees. Holds axes that no motion tells of, such as the roll of a camera that drives straight on."""
_SURE = 8.1
"""By how much a turn must lower the negative log-likelihood; chance does that once in a thousand times (chi square, 3 degrees of
freedom), if the motions were independent."""


@dataclass(frozen=True)
class Motion:
    """One relative motion: as the images have it, with a translation of unit length, and as the ground truth has it."""

    seen: Pose
    true: Pose


@dataclass(frozen=True)
class CameraTurn:
    """vector: (3,) rotation vector in degrees, axes of the camera; from the frame of the ground truth to the camera.

    is_sure: whether the motions tell of it. Its direction may be unknown where they hardly differ, as those of a car.
    """

    vector: DoubleArray
    is_sure: bool

    @property
    def degrees(self) -> float:
        """The angle."""
        return float(np.linalg.norm(self.vector))

    def __str__(self) -> str:
        return f"{self.degrees:.1f}° (about x, y, z: {', '.join(f'{part:.1f}' for part in self.vector)})"

    def apply(self, true: Pose) -> Pose:
        """The relative motion of the turned frame."""
        turn = Pose(Rotation.from_rotvec(self.vector, degrees=True).as_matrix())
        return turn @ true @ turn.inverse()


def camera_turns(pairs: PairSet, sift: SiftMatcher) -> dict[str, CameraTurn]:
    """The turn of each scene, by its name, from the RootSIFT matches of at most ``CHECKED`` pairs of each of its groups.

    Scenes without poses and intrinsics, or with fewer than ten motions that can be seen, have none.
    Raises DataError where an image cannot be read.
    """
    scenes: dict[str, list[ImagePair]] = {}
    for pair in pairs:
        if pair.scene and pair.T_second_first is not None:
            scenes.setdefault(pair.scene, []).append(pair)
    turns = {}
    for scene, members in scenes.items():
        chosen = replace(pairs, pairs=tuple(members)).at_most(CHECKED)
        motions = [motion for pair in chosen if (motion := _motion(pair, sift)) is not None]
        if len(motions) >= _MIN_MOTIONS:
            turns[scene] = fit_turn(motions)
    return turns


def turned(pairs: PairSet, turns: dict[str, CameraTurn]) -> PairSet:
    """The pairs, with the true motions of the scenes whose turn is sure as the camera has them, and a note for each of those."""
    sure = {scene: turn for scene, turn in turns.items() if turn.is_sure}
    notes = tuple(f"The poses of {scene} were turned by {turn}, to where SIFT sees the camera." for scene, turn in sure.items())
    return replace(pairs, pairs=tuple(_turned(pair, sure.get(pair.scene)) for pair in pairs), notes=pairs.notes + notes)


def with_warnings(pairs: PairSet, turns: dict[str, CameraTurn]) -> PairSet:
    """The pairs, with a note for each scene whose camera is turned by a degree or more."""
    notes = tuple(
        f"SIFT sees the camera of {scene} turned by {turn} against the frame of its poses, or the principal point is off: "
        "smaller errors say little. --align-camera turns the poses."
        for scene, turn in turns.items()
        if turn.is_sure and turn.degrees >= _MIN_TURN
    )
    return replace(pairs, notes=pairs.notes + notes)


def fit_turn(motions: Sequence[Motion]) -> CameraTurn:
    """The rotation under which both kinds of motions agree best, with a Cauchy loss for those that were seen wrongly."""
    seen = Rotation.from_matrix([motion.seen.rotation for motion in motions])
    true = Rotation.from_matrix([motion.true.rotation for motion in motions])
    lengths = np.array([np.linalg.norm(motion.true.translation) for motion in motions])
    moved = lengths >= MIN_BASELINE
    seen_directions = np.array([motion.seen.translation for motion in motions])[moved]
    true_directions = (np.array([motion.true.translation for motion in motions]) / np.maximum(lengths, 1e-12)[:, None])[moved]

    def errors(vector: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        X = Rotation.from_rotvec(vector, degrees=True)
        rotations = (seen.inv() * X * true * X.inv()).as_rotvec(degrees=True)
        return rotations, _turns_between(X.apply(true_directions), seen_directions)

    def residuals(vector: DoubleArray, rotation_noise: float, direction_noise: float) -> DoubleArray:
        rotations, directions = errors(vector)
        return np.concatenate([rotations.ravel() / rotation_noise, directions.ravel() / direction_noise, vector / _USUAL_TURN])

    # A small turn is found from none. Axes of another name are too far away: they need the closed form (Arun et al., 1987).
    closed = nearest_rotation(seen_directions.T @ true_directions + seen.as_rotvec().T @ true.as_rotvec())
    starts = (np.zeros(3), Rotation.from_matrix(closed).as_rotvec(degrees=True))
    usual = _ROTATION_NOISE, _DIRECTION_NOISE
    rough = min((least_squares(residuals, x, loss="cauchy", args=usual) for x in starts), key=lambda found: float(found.cost))
    rotations, directions = errors(rough.x)
    noise = max(_spread(rotations), _MIN_ROTATION_NOISE), max(_spread(directions), _MIN_DIRECTION_NOISE)
    fine = least_squares(residuals, rough.x, loss="cauchy", args=noise)
    without = 0.5 * float(np.log1p(residuals(np.zeros(3), *noise) ** 2).sum())
    return CameraTurn(np.asarray(fine.x, np.float64), without - float(fine.cost) >= _SURE)


def _motion(pair: ImagePair, sift: SiftMatcher) -> Motion | None:
    if pair.T_second_first is None or pair.first_camera is None or pair.second_camera is None:
        return None
    matches = sift.match(pair)
    view = in_one_camera(matches.first, matches.second, pair.first_camera, pair.second_camera)
    seen = find_relative_pose(view.first, view.second, view.camera, _GEOMETRY, is_final=True)
    return None if seen is None else Motion(seen, pair.T_second_first)


def _turned(pair: ImagePair, turn: CameraTurn | None) -> ImagePair:
    if turn is None or pair.T_second_first is None:
        return pair
    return replace(pair, T_second_first=turn.apply(pair.T_second_first))


def _spread(errors: DoubleArray) -> float:
    """Standard deviation of normally distributed errors about 0 that a third of outliers hardly changes."""
    return float(np.median(np.abs(errors))) / 0.6745 if errors.size else 0.0


def _turns_between(a: DoubleArray, b: DoubleArray) -> DoubleArray:
    """Rotation vectors in degrees that turn unit vectors (N, 3) into others the shortest way."""
    axes = np.cross(a, b)
    sines = np.linalg.norm(axes, axis=1, keepdims=True)
    angles = np.degrees(np.arctan2(sines, np.sum(a * b, axis=1, keepdims=True)))
    return np.asarray(axes / np.maximum(sines, 1e-12) * angles)
