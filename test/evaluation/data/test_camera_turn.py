"""Poses of a frame that is turned against the camera are found out, and turned to where the camera is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.evaluation.data.camera_turn import Motion, camera_turns, fit_turn, turned, with_warnings
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sift_matches import SiftMatcher
from superpoint_ros.evaluation.data.truth import Verdict, check_pairs
from superpoint_ros.evaluation.protocols.request import Request, prepare
from superpoint_ros.evaluation.result import Run
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Pose

SMALL = Rotation.from_rotvec([3.0, -1.0, 0.5], degrees=True)
BODY = Rotation.from_matrix([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""From optical axes to those of a body: x forward, y left, z up."""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory, write_tum: Callable[[SimulatedSequence, Path], None]) -> Path:
    folder = tmp_path_factory.mktemp("turn") / "walk"
    write_tum(SimulatedSequence(frames=9, size=(480, 360), rate=4.0), folder)
    return folder


@pytest.fixture(scope="module")
def pairs(right: Path) -> PairSet:
    return open_pairs(right, gaps=(1, 2))


def of_another_frame(pairs: PairSet, turn: Rotation) -> PairSet:
    X = turn.as_matrix()

    def moved(pose: Pose) -> Pose:
        return Pose(X @ pose.rotation @ X.T, X @ pose.translation)

    return replace(pairs, pairs=tuple(replace(pair, T_second_first=moved(pair.T_second_first)) for pair in pairs))


def between(vector: np.ndarray, rotation: Rotation) -> float:
    """Degrees between two rotations."""
    return float(np.degrees((Rotation.from_rotvec(vector, degrees=True) * rotation.inv()).magnitude()))


def test_right_poses_are_left_alone(pairs: PairSet, sift: SiftMatcher) -> None:
    turns = camera_turns(pairs, sift)
    assert turns["walk"].degrees < 0.3 and not turns["walk"].is_sure
    assert turned(pairs, turns) == pairs == with_warnings(pairs, turns)


@pytest.mark.parametrize("turn", [SMALL, BODY])
def test_a_turn_is_found_and_taken_out(turn: Rotation, pairs: PairSet, sift: SiftMatcher) -> None:
    wrong = of_another_frame(pairs, turn)
    turns = camera_turns(wrong, sift)
    assert turns["walk"].is_sure and between(turns["walk"].vector, turn.inv()) < 0.3
    mended = turned(wrong, turns)
    for pair, true in zip(mended, pairs, strict=True):
        assert np.allclose(pair.T_second_first.matrix, true.T_second_first.matrix, atol=0.005)
    assert mended.notes[-1] == f"The poses of walk were turned by {turns['walk']}, to where SIFT sees the camera."


def test_a_turn_is_told_in_degrees(pairs: PairSet, sift: SiftMatcher) -> None:
    wrong = of_another_frame(pairs, SMALL)
    note = with_warnings(wrong, camera_turns(wrong, sift)).notes[-1]
    assert "SIFT sees the camera of walk turned by 3." in note and "--align-camera turns the poses" in note
    barely = of_another_frame(pairs, Rotation.from_rotvec([0.6, 0, 0], degrees=True))
    assert with_warnings(barely, camera_turns(barely, sift)) == barely


def test_poses_of_a_body_are_refused_with_the_remedy(pairs: PairSet, sift: SiftMatcher) -> None:
    wrong = of_another_frame(pairs, BODY)
    with pytest.raises(DataError, match=r"of 15 pairs.* It agrees if the camera of walk is turned by 1[12]\d\.\d°.*--align"):
        check_pairs(wrong, sift)
    checks = check_pairs(turned(wrong, camera_turns(wrong, sift)), sift)
    assert {check.verdict for check in checks.values()} == {Verdict.AGREES}
    quarters = [of_another_frame(pairs, Rotation.from_rotvec([0, 90 * (1 + i % 3), 0], degrees=True))[i] for i in range(15)]
    with pytest.raises(DataError, match="contradicts the images") as refused:
        check_pairs(replace(pairs, pairs=tuple(quarters)), sift)
    assert "--align-camera" not in str(refused.value)


def test_what_no_motion_tells_of_is_not_made_up() -> None:
    """A car that drives straight on has the same motions whatever its roll is."""
    rng = np.random.default_rng(0)
    ahead = rng.normal((0.0, 0.0, 1.0), 0.02, (40, 3))
    seen = [Pose(Rotation.from_rotvec(rng.normal(0.0, 0.1, 3), degrees=True).as_matrix(), t / np.linalg.norm(t)) for t in ahead]
    turn = fit_turn([Motion(pose, Pose(np.eye(3), np.array([0.0, 0.0, 1.0]))) for pose in seen])
    assert turn.degrees < 1.5 and not turn.is_sure
    still = fit_turn([Motion(pose, Pose()) for pose in seen])
    assert still.degrees < 1.5 and not still.is_sure


def test_motions_that_were_seen_wrongly_do_not_count() -> None:
    rng = np.random.default_rng(0)
    rotations = Rotation.from_rotvec(rng.normal(0.0, 5.0, (60, 3)), degrees=True)
    steps = rng.normal(size=(60, 3))
    wrong = rng.random(60) < 0.3
    seen = [
        Pose((SMALL * rotation * SMALL.inv()).as_matrix(), SMALL.apply(step / np.linalg.norm(step)) * (-1.0 if is_wrong else 1.0))
        for rotation, step, is_wrong in zip(rotations, steps, wrong, strict=True)
    ]
    true = [Pose(rotation.as_matrix(), step) for rotation, step in zip(rotations, steps, strict=True)]
    turn = fit_turn([Motion(*motion) for motion in zip(seen, true, strict=True)])
    assert wrong.sum() >= 15 and turn.is_sure and between(turn.vector, SMALL) < 0.1


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory, write_tum: Callable[[SimulatedSequence, Path], None]) -> Path:
    """The walk of ``right`` with poses of another frame."""
    folder = tmp_path_factory.mktemp("turn") / "stroll"
    sequence = SimulatedSequence(frames=9, size=(480, 360), rate=4.0)
    write_tum(sequence, folder)
    sequence.ground_truth.moved(Pose(SMALL.as_matrix(), np.zeros(3))).write_tum(folder / "groundtruth.txt")
    return folder


def test_an_evaluation_warns_or_turns(right: Path, wrong: Path, tmp_path: Path) -> None:
    """The figures of poses of another frame become those of the right ones."""

    def run(data: Path, **options: bool) -> Run:
        return prepare(Request("pose", (data,), ("sift",), "sequence", cache=tmp_path, **options)).run()

    def errors(run: Run) -> float:
        return float(np.median([row.figures["pose_error"] for row in run.rows]))

    true, warned, aligned = run(right), run(wrong), run(wrong, align_camera=True)
    assert errors(warned) > 2.0 > 0.5 > errors(aligned) and abs(errors(aligned) - errors(true)) < 0.1
    assert "--align-camera" in warned.settings["notes"][-1] and "turned by 3." in aligned.settings["notes"][-1]
    assert aligned.settings["align_camera"] is True and "align_camera" not in warned.settings
    assert run(wrong, check=False).settings["notes"] == true.settings["notes"]
    with pytest.raises(ConfigError, match="the camera of stroll cannot be aligned: no scene of it has ten pairs"):
        prepare(Request("pose", (wrong,), ("sift",), "sequence", limit=2, align_camera=True))


def test_each_data_set_is_asked_alone(right: Path, wrong: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten motions of each are looked at here; of both together it would be five."""
    monkeypatch.setattr("superpoint_ros.evaluation.protocols.request.CHECKED", 5)
    notes = prepare(Request("pose", (right, wrong), ("sift",), "sequence", limit=5)).notes
    (warning,) = [note for note in notes if "--align-camera" in note]
    assert warning.startswith("SIFT sees the camera of stroll turned by 3.")


def test_real_poses(shared_data: Path, sift: SiftMatcher) -> None:
    """TUM's fr2/desk is about two degrees off; nothing is said of KITTI."""
    tum = camera_turns(open_pairs(shared_data / "sequences" / "tum_fr2_desk", gaps=(1, 3, 5)), sift)["tum_fr2_desk"]
    assert tum.is_sure and 1.0 < tum.degrees < 3.0
    kitti = open_pairs(shared_data / "sequences" / "kitti", gaps=(5,), limit=12)
    assert with_warnings(kitti, camera_turns(kitti, sift)) == kitti
