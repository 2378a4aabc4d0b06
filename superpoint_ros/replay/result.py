"""What a replay found, whether the pipeline ran here or in live nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.frames import FrameRecord, FrameSummary
from superpoint_ros.evaluation.pairs import PairRecord, PairSummary, summarize
from superpoint_ros.evaluation.side_by_side import MatchPicture
from superpoint_ros.evaluation.trajectory import MIN_POSES, TrajectoryError, compare
from superpoint_ros.io.trajectory import Trajectory

READ = "read"
"""The stage in which a frame comes from the disk."""


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    records: one per frame that was processed. pairs: one per keyframe and the keyframe before it. stamps in seconds.
    trajectory: ``T_world_camera`` of the keyframes whose motion is known; unit steps where the scale is unknown.
    trajectory_error, rigid_error: after an alignment by Sim(3) and by SE(3); None without ground truth, and where the
    trajectories cannot be aligned.
    covered: frames with a true pose. played: frames that the recording has; live nodes may have dropped some of them.
    stages: milliseconds that each frame spent in each stage; of live nodes, from the image to the message about it.
    The only numbers that differ between two runs.
    warnings: sentences about what limits the result.
    """

    source: str
    model: str
    records: tuple[FrameRecord, ...]
    pairs: tuple[PairRecord, ...]
    frame_summary: FrameSummary
    summary: PairSummary
    trajectory: Trajectory
    trajectory_error: TrajectoryError | None
    rigid_error: TrajectoryError | None
    covered: int
    played: int
    pictures: tuple[MatchPicture, ...]
    stages: Mapping[str, Sequence[float]]
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """How many were processed."""
        return len(self.records)

    @property
    def processing(self) -> Mapping[str, Sequence[float]]:
        """The stages that are the pipeline's own: reading a frame from a disk is not."""
        return {stage: times for stage, times in self.stages.items() if stage != READ and times}

    def with_warnings(self, more: Iterable[str]) -> ReplayResult:
        """The same with more to say about it."""
        return replace(self, warnings=(*self.warnings, *more))


def make_result(
    *,
    source: str,
    model: str,
    records: Sequence[FrameRecord],
    pairs: Sequence[PairRecord],
    trajectory: Trajectory,
    truth: Trajectory | None,
    pictures: Sequence[MatchPicture],
    stages: Mapping[str, Sequence[float]],
    warnings: Sequence[str] = (),
    played: int | None = None,
) -> ReplayResult:
    """Everything that follows from what was found and from the truth. played: where it is not the number of records."""
    similar, rigid, problems = _trajectory_errors(trajectory, truth)
    return ReplayResult(
        source=source,
        model=model,
        records=tuple(records),
        pairs=tuple(pairs),
        frame_summary=FrameSummary.of(records),
        summary=summarize(pairs),
        trajectory=trajectory,
        trajectory_error=similar,
        rigid_error=rigid,
        covered=sum(truth.at(record.stamp) is not None for record in records) if truth is not None else 0,
        played=len(records) if played is None else played,
        pictures=tuple(pictures),
        stages=stages,
        warnings=(*warnings, *problems),
    )


def check_coverage(result: ReplayResult, reference: str) -> list[str]:
    """A sentence where the reference has gaps. Raises DataError where too few frames have a pose in it to say anything."""
    if result.covered < MIN_POSES:
        raise DataError(
            f"only {result.covered} of {result.frames} frames have a pose in the reference {reference}: the stamps must be those "
            "of one clock, and the poses around a frame at most half a second apart"
        )
    if result.covered < result.frames:
        return [f"{result.covered} of {result.frames} frames have a pose in the reference {reference}; errors are of these only"]
    return []


def _trajectory_errors(
    trajectory: Trajectory, truth: Trajectory | None
) -> tuple[TrajectoryError | None, TrajectoryError | None, list[str]]:
    if truth is None:
        return None, None, []
    poses = [(stamp, truth.at(float(stamp))) for stamp in trajectory.stamps]
    known = [(stamp, pose) for stamp, pose in poses if pose is not None]
    try:
        # The truth at the very stamps of the images: nearest neighbours of two clocks would add an error of their own.
        exact = Trajectory(np.array([stamp for stamp, _ in known], np.float64), tuple(pose for _, pose in known))
        return compare(trajectory, exact), compare(trajectory, exact, correct_scale=False), []
    except DataError as error:
        return None, None, [str(error)]
