"""A recording of running nodes in the terms of the evaluation: pairs, frames, trajectory, latencies, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from superpoint_ros.evaluation.frames import FrameRecord
from superpoint_ros.evaluation.pairs import PairRecord, true_motion
from superpoint_ros.evaluation.side_by_side import MatchPicture
from superpoint_ros.evaluation.tables import figure
from superpoint_ros.io.frame import Source
from superpoint_ros.io.recording import Heard, HeardGeometry, HeardMatches, Recording, nanoseconds, seconds
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus

PICTURES = 4


def keyframe_pairs(recording: Recording, truth: Trajectory | None) -> tuple[PairRecord, ...]:
    """Every keyframe and the keyframe before it, as far as both matches and geometry were heard."""
    matches = {heard.stamp: heard for heard in recording.matches}
    keypoints = {heard.stamp: heard.keypoints for heard in recording.features}
    pairs = []
    for heard in recording.geometries:
        if heard.is_keyframe and heard.stamp in matches:
            reference, stamp = seconds(heard.reference_stamp), seconds(heard.stamp)
            geometry = _geometry(heard, matches[heard.stamp])
            motion = true_motion(truth, reference, stamp)
            pairs.append(PairRecord(reference, stamp, keypoints.get(heard.stamp, 0), geometry, motion))
    return tuple(pairs)


def frame_records(recording: Recording) -> tuple[FrameRecord, ...]:
    """Every frame that has features, in the order of time; one that was shown again counts once."""
    matches = {heard.stamp: heard for heard in recording.matches}
    geometries = {h.stamp: _geometry(h, matches[h.stamp]) for h in recording.geometries if h.stamp in matches}
    keypoints = {heard.stamp: heard.keypoints for heard in recording.features}
    return tuple(FrameRecord(seconds(stamp), keypoints[stamp], geometries.get(stamp)) for stamp in sorted(keypoints))


def trajectory_of(recording: Recording) -> Trajectory:
    """Poses of keyframes: between them the odometry has a rotation only."""
    keyframes = {heard.stamp for heard in recording.geometries if heard.is_keyframe}
    poses = {heard.stamp: heard for heard in recording.poses if heard.stamp in keyframes}
    ordered = [poses[stamp] for stamp in sorted(poses)]
    stamps = np.array([seconds(heard.stamp) for heard in ordered], np.float64)
    return Trajectory(
        stamps, tuple(Pose(np.array(heard.rotation, np.float64), np.array(heard.translation, np.float64)) for heard in ordered)
    )


def latencies(recording: Recording) -> dict[str, np.ndarray]:
    """Milliseconds from an image to what was said about it, by topic."""
    sent: dict[int, list[float]] = {}
    for image in recording.images:
        sent.setdefault(image.stamp, []).append(image.at)
    topics: dict[str, Sequence[Heard]] = {"features": recording.features, "two_view_geometry": recording.geometries}
    found = {}
    for name, heard in topics.items():
        # An image may have been shown again: a message answers the last show before it.
        taken = [[h.at - at for at in sent.get(h.stamp, ()) if at <= h.at] for h in heard]
        found[name] = np.array([1e3 * min(times) for times in taken if times])
    return {name: times for name, times in found.items() if len(times)}


def match_pictures(pairs: Sequence[PairRecord], recording: Recording, source: Source) -> Iterator[MatchPicture]:
    """A few pairs, evenly spaced over the sequence, so that nobody chose the good ones. Their images come from the source."""
    matches = {nanoseconds(seconds(heard.stamp)): heard for heard in recording.matches if heard.points}
    pairs = [pair for pair in pairs if nanoseconds(pair.stamp) in matches]
    if not pairs:
        return
    chosen = [pairs[round((len(pairs) - 1) * (i + 0.5) / PICTURES)] for i in range(min(PICTURES, len(pairs)))]
    # In whole microseconds: a player may have rounded the stamps.
    wanted = {nanoseconds(stamp) for pair in chosen for stamp in (pair.reference_stamp, pair.stamp)}
    images = {nanoseconds(frame.stamp): frame for frame in source if nanoseconds(frame.stamp) in wanted}
    for pair in chosen:
        reference, current = images[nanoseconds(pair.reference_stamp)], images[nanoseconds(pair.stamp)]
        points = np.array(matches[nanoseconds(pair.stamp)].points, np.float32).reshape(-1, 4)
        caption = (
            f"{reference.name} → {current.name}: {pair.inliers} inliers of {pair.matches} matches, "
            f"parallax {figure(pair.geometry.parallax)}°. {pair.geometry.reason}"
        )
        yield MatchPicture(reference.image, current.image, points[:, :2], points[:, 2:], pair.geometry.inliers, caption)


def _geometry(heard: HeardGeometry, matches: HeardMatches) -> TwoViewGeometry:
    pose = None
    if heard.rotation is not None and heard.translation is not None:
        pose = Pose(np.array(heard.rotation, np.float64), np.array(heard.translation, np.float64))
    return TwoViewGeometry(
        status=TwoViewStatus(heard.status),
        model=TwoViewModel(heard.model),
        reason=heard.reason,
        homography_inliers=matches.inliers(1),
        essential_inliers=matches.inliers(2),
        T_current_reference=pose,
        parallax=heard.parallax,
    )
