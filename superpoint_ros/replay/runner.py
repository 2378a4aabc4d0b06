"""Frames in, everything that the pipeline says about them out. No ROS, no threads, nothing dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import numpy as np

from superpoint_ros.config import Config
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.frames import FrameRecord
from superpoint_ros.evaluation.pairs import PairRecord, true_motion
from superpoint_ros.evaluation.side_by_side import MatchPicture
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.replay.result import READ, ReplayResult, make_result
from superpoint_ros.types import Camera, Features, Image, Pose, TwoViewStatus

if TYPE_CHECKING:
    from superpoint_ros.io.frame import Frame, Source
    from superpoint_ros.matching.front_end import PairResult

PICTURES = 4
"""Pairs that are drawn: evenly spaced over the sequence, so that nobody chose the good ones."""

STAGES = (READ, "extract", "match and geometry")
"""What the time of a frame is spent on."""


class FeatureSink(Protocol):
    """Where the features of every frame go, e.g. ``io.features_file.FeaturesWriter``."""

    def write(self, name: str, features: Features) -> None:
        """Keep the features of one image."""


@dataclass
class _Run:
    """What piles up while the frames go by."""

    records: list[FrameRecord] = field(default_factory=list)
    pairs: list[PairRecord] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)
    pictures: list[MatchPicture] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    resets: list[str] = field(default_factory=list)
    reference_image: Image | None = None


def replay(
    source: Source,
    config: Config = Config(),
    *,
    camera: Camera | None = None,
    truth: Trajectory | None = None,
    every: int = 1,
    sink: AbstractContextManager[FeatureSink] | None = None,
    on_frame: Callable[[int], None] = lambda done: None,
) -> ReplayResult:
    """Run extraction, matching, geometry and odometry over every ``every``-th frame of a source.

    camera, truth: win over what the source knows. sink: is given the features of every frame. on_frame: told how many are done.
    Raises DataError where the source holds fewer than two frames or cannot be read.
    """
    from superpoint_ros.features.loading import load_extractor
    from superpoint_ros.matching.front_end import PairMatcher
    from superpoint_ros.odometry.monocular import MonocularOdometry

    extractor = load_extractor(config.extractor, to_match=True)
    matcher = PairMatcher(config.matcher, config.geometry, config.keyframes)
    odometry = MonocularOdometry(config.odometry)
    camera = camera or source.camera
    truth = truth or source.ground_truth
    total = len(range(0, len(source), every))
    drawn = {round(total * (i + 1) / (PICTURES + 1)) for i in range(PICTURES)}
    run = _Run()
    with sink or nullcontext() as features_sink:
        for done, (read, frame) in enumerate(_timed(islice(iter(source), 0, None, every)), 1):
            started = time.perf_counter()
            features = extractor.extract(frame.image)
            extracted = time.perf_counter()
            result = matcher.update(features, frame.stamp, camera)
            seconds = (read, extracted - started, time.perf_counter() - extracted)
            for stage, taken in zip(STAGES, seconds, strict=True):
                run.stages[stage].append(1e3 * taken)
            if features_sink is not None:
                features_sink.write(frame.name, features)
            _note(run, frame, result, odometry.update, truth, due=len(run.pictures) < sum(done - 1 >= at for at in drawn))
            on_frame(done)
    if len(run.records) < 2:
        raise DataError(f"{source.name} has {len(run.records)} frame(s) to replay, two are needed for a motion")
    return make_result(
        source=source.name,
        model=extractor.model,
        records=run.records,
        pairs=run.pairs,
        trajectory=Trajectory(np.array(run.stamps, np.float64), tuple(run.poses)),
        truth=truth,
        pictures=run.pictures,
        stages=run.stages,
        warnings=(*_limits(camera, truth, run.pairs), *dict.fromkeys(run.resets)),
    )


def _timed(frames: Iterator[Frame]) -> Iterator[tuple[float, Frame]]:
    """Each frame, and how many seconds it took to read it."""
    started = time.perf_counter()
    for frame in frames:
        yield time.perf_counter() - started, frame
        started = time.perf_counter()


def _note(
    run: _Run, frame: Frame, result: PairResult, advance: Callable[..., Pose | None], truth: Trajectory | None, due: bool
) -> None:
    """Keep what one frame gave. due: a picture of it is wanted."""
    run.records.append(FrameRecord(result.stamp, len(result.current), result.geometry))
    if result.reset_reason:
        run.resets.append(f"started anew at frame {frame.name}: {result.reset_reason}")
    pose: Pose | None = run.poses[-1] if run.poses else Pose()
    if result.geometry is not None and result.reference is not None:
        pose = advance(result.geometry, is_keyframe=result.is_keyframe)
        if result.is_keyframe:
            motion = true_motion(truth, result.reference_stamp, result.stamp)
            record = PairRecord(result.reference_stamp, result.stamp, len(result.current), result.geometry, motion)
            run.pairs.append(record)
            if due and run.reference_image is not None:
                caption = f"{frame.name}: {record.inliers} inliers of {record.matches} matches, {result.geometry.reason}"
                run.pictures.append(
                    MatchPicture.of(
                        run.reference_image,
                        frame.image,
                        result.reference,
                        result.current,
                        result.matches,
                        result.geometry,
                        caption,
                    )
                )
    if pose is not None and (not run.stamps or result.stamp > run.stamps[-1]):
        run.stamps.append(result.stamp)
        run.poses.append(pose)
    if result.is_keyframe:
        run.reference_image = frame.image


def _limits(camera: Camera | None, truth: Trajectory | None, pairs: list[PairRecord]) -> Iterator[str]:
    if camera is None:
        yield "no camera intrinsics: homographies only, no motion and no trajectory (give --camera FILE)"
    elif unusable := [pair.geometry.reason for pair in pairs if pair.geometry.status is TwoViewStatus.NO_CAMERA]:
        yield f"the camera intrinsics cannot be used: {unusable[0]}"
    if truth is None:
        yield "no ground truth: no errors (give --reference FILE.tum or, of a bag, a topic)"
