"""Judging a recording: what is counted as lost, and what is not sane."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.demo.outcome import OWN_DATA, Criteria, evaluate
from superpoint_ros.errors import DataError
from superpoint_ros.io.recording import Heard, HeardFeatures, HeardGeometry, HeardMatches, HeardPose, Recording, nanoseconds
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Pose, TwoViewModel, TwoViewStatus

STAMPS = [1000.0 + 0.1 * i for i in range(10)]


@pytest.fixture
def truth() -> Trajectory:
    """A walk along a bent path."""
    poses = [
        Pose(Rotation.from_euler("y", 2.0 * i, degrees=True).as_matrix(), np.array([0.01 * i * i, 0.002 * i, 0.1 * i]))
        for i in range(10)
    ]
    return Trajectory(np.array(STAMPS), tuple(poses))


@pytest.fixture
def recording(truth: Trajectory) -> Recording:
    """Every frame came through, each is a keyframe, and each motion is 0.1 degrees off."""
    record = Recording(probe_period=0.1, pauses=3)
    wrong = Rotation.from_euler("z", 0.1, degrees=True).as_matrix()
    for i, (seconds, pose) in enumerate(zip(STAMPS, truth.poses, strict=True)):
        stamp, sent = nanoseconds(seconds), 5.0 + 0.2 * i
        record.images.append(Heard(stamp, sent))
        record.features.append(HeardFeatures(stamp, sent + 0.05, 100, "sift"))
        if i == 0:
            continue
        before = nanoseconds(STAMPS[i - 1])
        motion = pose.inverse() @ truth.poses[i - 1]
        direction = motion.translation / np.linalg.norm(motion.translation)
        record.matches.append(HeardMatches(stamp, sent + 0.08, before, "2" * 15 + "0" * 5, [[1.0, 2.0, 3.0, 4.0]] * 20))
        record.geometries.append(
            HeardGeometry(
                stamp,
                sent + 0.09,
                before,
                TwoViewStatus.OK.value,
                TwoViewModel.ESSENTIAL.value,
                "a scene",
                True,
                2.0,
                (wrong @ motion.rotation).tolist(),
                (wrong @ direction).tolist(),
            )
        )
        record.poses.append(HeardPose(stamp, sent + 0.1, pose.rotation.tolist(), pose.translation.tolist()))
    return record


def failed(recording: Recording, truth: Trajectory | None, criteria: Criteria = Criteria()) -> list[str]:
    return [check.name for check in evaluate(recording, truth, criteria).checks if not check.passed]


def test_a_good_recording_passes_with_the_right_figures(recording: Recording, truth: Trajectory) -> None:
    outcome = evaluate(recording, truth)
    assert outcome.passed
    assert len(outcome.checks) == 5
    assert (outcome.played, outcome.processed, len(outcome.lost)) == (10, 10, 0)
    assert outcome.summary.rotation == pytest.approx((0.1, 0.1), abs=1e-6)
    assert outcome.summary.inliers == 15
    assert (outcome.frame_rate, outcome.rate, outcome.pauses) == pytest.approx((5.0, 0.5, 3))
    np.testing.assert_allclose(outcome.latencies["features"], 50.0)
    np.testing.assert_allclose(outcome.latencies["two_view_geometry"], 90.0)
    assert outcome.trajectory_error is not None
    assert outcome.trajectory_error.ape_percent < 0.1


def test_each_way_to_fail_is_seen(recording: Recording, truth: Trajectory) -> None:
    assert failed(recording, truth, Criteria(rotation=0.05)) == ["Rotation error (median)"]
    assert failed(recording, truth, Criteria(direction=0.01)) == ["Direction error (median)"]
    dropped = dataclasses.replace(recording, features=[h for h in recording.features if h.stamp != nanoseconds(STAMPS[4])])
    assert failed(dropped, truth) == ["Frames processed"]
    for name in ("geometries", "poses", "matches"):
        lossy = dataclasses.replace(
            recording, **{name: [h for h in getattr(recording, name) if h.stamp != nanoseconds(STAMPS[4])]}
        )
        assert "Frames lost inside the pipeline" in failed(lossy, truth), name
    still = [dataclasses.replace(h, is_keyframe=False) for h in recording.geometries]
    assert "Rotation error (median)" in failed(dataclasses.replace(recording, geometries=still), truth)
    blind = [
        dataclasses.replace(h, status=TwoViewStatus.TOO_FEW_INLIERS.value, rotation=None, translation=None)
        for h in recording.geometries
    ]
    assert "Keyframe pairs with a motion" in failed(dataclasses.replace(recording, geometries=blind), truth)


def test_without_ground_truth_only_the_processing_counts(recording: Recording) -> None:
    outcome = evaluate(recording, None)
    assert [check.name for check in outcome.checks] == ["Frames processed", "Frames lost inside the pipeline"]
    assert outcome.passed
    assert outcome.summary.rotation is None


def test_recordings_of_users_are_not_judged_by_their_errors(recording: Recording, truth: Trajectory) -> None:
    outcome = evaluate(recording, truth, OWN_DATA)
    assert len(outcome.checks) == 2
    assert outcome.summary.rotation is not None


def test_a_stamp_since_1970_survives_a_float() -> None:
    for stamp in (1311868169.163498, 1763898170.000001, 1763898170.123456):
        assert nanoseconds(nanoseconds(stamp) * 1e-9) == nanoseconds(stamp)


def test_a_first_frame_that_was_shown_again_counts_once(recording: Recording, truth: Trajectory) -> None:
    again = dataclasses.replace(
        recording, images=[recording.images[0], *recording.images], features=[recording.features[0], *recording.features]
    )
    outcome = evaluate(again, truth)
    assert outcome.played == 10
    assert outcome.passed
    later = dataclasses.replace(recording.images[0], at=7.0)
    shown = dataclasses.replace(recording, images=[recording.images[0], later, *recording.images[1:]])
    np.testing.assert_allclose(evaluate(shown, truth).latencies["features"], 50.0)


def test_an_empty_recording_is_refused(recording: Recording) -> None:
    with pytest.raises(DataError, match="0 Features"):
        evaluate(dataclasses.replace(recording, features=[]), None)


def test_a_recording_survives_its_file(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    recording.write(path)
    assert Recording.read(path) == recording
    path.write_text("{}[")
    with pytest.raises(DataError, match=r"recording\.json"):
        Recording.read(path)
