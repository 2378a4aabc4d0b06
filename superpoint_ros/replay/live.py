"""The evaluation of a replay for live nodes: a bag was played to them, and a recorder noted what they said."""

from __future__ import annotations

import numpy as np

from superpoint_ros.demo.heard import frame_records, keyframe_pairs, latencies, match_pictures, trajectory_of
from superpoint_ros.errors import DataError
from superpoint_ros.io.frame import Source
from superpoint_ros.io.recording import Recording, seconds
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.replay.result import ReplayResult, make_result
from superpoint_ros.types import Pose


def evaluate_recording(recording: Recording, source: Source, truth: Trajectory | None = None) -> ReplayResult:
    """What the nodes made of a source. truth: wins over what the source knows.

    Raises DataError where the nodes said nothing, or about other images than those of the source.
    """
    truth = truth or source.ground_truth
    if not recording.features:
        raise DataError(
            f"the nodes published no features for {len(recording.images)} image(s) that were heard: "
            "do image topic and namespace fit the bag, and did the nodes start?"
        )
    records = frame_records(recording)
    stamps = {frame.stamp for frame in source}
    if not stamps & {record.stamp for record in records}:
        raise DataError(f"the nodes saw no image of {source.name}: none of {len(records)} stamps is one of its frames")
    pairs = keyframe_pairs(recording, truth)
    missed = len(stamps - {record.stamp for record in records})
    slow = f"{missed} of {len(stamps)} frames were not processed: the nodes are slower than the bag"
    return make_result(
        source=f"{source.name}, live nodes",
        model=recording.features[-1].model,
        records=records,
        pairs=pairs,
        trajectory=_from_the_start(trajectory_of(recording), recording),
        truth=truth,
        pictures=list(match_pictures(pairs, recording, source)),
        stages={f"to {topic.removeprefix('two_view_')}": times.tolist() for topic, times in latencies(recording).items()},
        warnings=[slow] if missed > 0 else [],
        played=len(stamps),
    )


def _from_the_start(trajectory: Trajectory, recording: Recording) -> Trajectory:
    """With the origin, where the first keyframe was: the odometry publishes only what comes after it."""
    origin = min((seconds(heard.reference_stamp) for heard in recording.geometries), default=None)
    if origin is None or (len(trajectory) and trajectory.stamps[0] <= origin):
        return trajectory
    return Trajectory(np.concatenate([[origin], trajectory.stamps]), (Pose(), *trajectory.poses))
