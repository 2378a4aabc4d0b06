"""What a recording of the nodes says, and whether it is sane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from superpoint_ros.demo.heard import keyframe_pairs, latencies, trajectory_of
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.pairs import PairRecord, PairSummary, summarize
from superpoint_ros.evaluation.tables import figure
from superpoint_ros.evaluation.trajectory import TrajectoryError, compare
from superpoint_ros.io.recording import Recording
from superpoint_ros.io.trajectory import Trajectory


@dataclass(frozen=True)
class Criteria:
    """What a sane result is. Errors in degrees, medians over keyframe pairs; they count only with ground truth.

    ``OWN_DATA`` is for recordings of users: how well they can be tracked, and how exact their ground truth is, nobody knows.
    """

    processed: float = 0.95
    """Smallest share of the played frames that have features."""
    lost: int = 0
    """Most frames that have features and no matches, no geometry, or (keyframes with a motion) no odometry."""
    valid: float = 0.9
    """Smallest share of keyframe pairs with rotation and direction."""
    rotation: float = 0.3
    direction: float = 3.0


OWN_DATA = Criteria(valid=0.0, rotation=float("inf"), direction=float("inf"))


@dataclass(frozen=True)
class Check:
    """One criterion and what became of it."""

    name: str
    value: str
    limit: str
    passed: bool


@dataclass(frozen=True)
class Outcome:
    """Figures of a demo run.

    pairs: of keyframes. lost: stamps (ns) with features for which a later message is missing. latencies in milliseconds since the
    image was published, by topic. frame_rate: Hz at which the frames were played; rate: the same, real time is 1.
    pauses: how often playing was held back because the machine got slower than it was when the rate was chosen.
    """

    played: int
    processed: int
    lost: frozenset[int]
    model: str
    pairs: tuple[PairRecord, ...]
    summary: PairSummary
    trajectory: Trajectory
    trajectory_error: TrajectoryError | None
    latencies: dict[str, np.ndarray]
    rate: float
    frame_rate: float
    pauses: int
    checks: tuple[Check, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every criterion is met."""
        return all(check.passed for check in self.checks)


def evaluate(recording: Recording, truth: Trajectory | None, criteria: Criteria = Criteria()) -> Outcome:
    """Raises DataError where nothing was recorded that could be evaluated."""
    if len(recording.images) < 2 or not recording.features:
        raise DataError(f"{len(recording.images)} image(s) were played and {len(recording.features)} Features messages came back")
    pairs = keyframe_pairs(recording, truth)
    trajectory = trajectory_of(recording)
    frame_rate = 1.0 / float(np.median(np.diff([image.at for image in recording.images])))
    stamps = np.unique([image.stamp for image in recording.images])  # the first is shown until it has come through
    summary = summarize(pairs)
    played = set(stamps.tolist())
    processed = len(played & {heard.stamp for heard in recording.features})
    lost = _lost(recording)
    return Outcome(
        played=len(played),
        processed=processed,
        lost=lost,
        model=recording.features[-1].model,
        pairs=pairs,
        summary=summary,
        trajectory=trajectory,
        trajectory_error=_trajectory_error(trajectory, truth),
        latencies=latencies(recording),
        rate=frame_rate * float(np.median(np.diff(stamps))) * 1e-9,
        frame_rate=frame_rate,
        pauses=recording.pauses,
        checks=tuple(_checks(criteria, summary, processed / len(played), len(lost), truth is not None)),
    )


def _checks(criteria: Criteria, summary: PairSummary, processed: float, lost: int, has_truth: bool) -> Iterator[Check]:
    yield Check(
        "Frames processed", f"{100 * processed:.1f} %", f"≥ {100 * criteria.processed:g} %", processed >= criteria.processed
    )
    yield Check("Frames lost inside the pipeline", str(lost), f"≤ {criteria.lost}", lost <= criteria.lost)
    if not has_truth or criteria == OWN_DATA:
        return
    share = summary.valid_share
    yield Check(
        "Keyframe pairs with a motion",
        f"{summary.valid} of {summary.pairs}",
        f"≥ {100 * criteria.valid:g} %",
        share >= criteria.valid,
    )
    limits = (
        ("Rotation error (median)", summary.rotation, criteria.rotation),
        ("Direction error (median)", summary.direction, criteria.direction),
    )
    for name, errors, limit in limits:
        median = errors[0] if errors else float("nan")
        yield Check(name, f"{figure(median)}°", f"< {limit:g}°", median < limit)


def _lost(recording: Recording) -> frozenset[int]:
    """The first frame has nothing to be compared with; after it matches and a geometry follow every Features message."""
    expected = {heard.stamp for heard in recording.features} - {recording.images[0].stamp}
    lost = expected - {heard.stamp for heard in recording.matches} | expected - {heard.stamp for heard in recording.geometries}
    moved = {heard.stamp for heard in recording.geometries if heard.is_keyframe and heard.rotation is not None}
    return frozenset(lost | moved - {heard.stamp for heard in recording.poses})


def _trajectory_error(trajectory: Trajectory, truth: Trajectory | None) -> TrajectoryError | None:
    if truth is None:
        return None
    try:
        return compare(trajectory, truth)
    except DataError:
        return None  # too few keyframes to align; the checks of the pairs say what is wrong
