"""The trajectory that an estimate is judged by: a TUM file, a topic of the bag, or the ground truth of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.io.frame import Source
from superpoint_ros.io.image_folder import ImageSequence
from superpoint_ros.io.rosbag import RosbagSource
from superpoint_ros.io.trajectory import Trajectory

MIN_POSES = 3
"""Fewer make no trajectory that could be aligned."""


@dataclass(frozen=True)
class Reference:
    """Poses ``T_world_camera``. name: where they come from. note: what had to be assumed about frames, a sentence, or empty."""

    name: str
    trajectory: Trajectory
    note: str = ""


def open_reference(wanted: str | None, source: Source, frame: str = "") -> Reference:
    """The reference of a source.

    wanted: a TUM file, a pose topic of the bag, or None for the ground truth that the source has itself.
    frame: whose poses they are, where neither file nor message says it; a bag's ``/tf_static`` leads from it to the camera.
    Raises DataError where there is no such reference, it has too few poses or numbers that are none, or it does not overlap
    with the source in time.
    """
    reference = _open(wanted, source, frame.removeprefix("/"))
    trajectory = reference.trajectory
    if len(trajectory) < MIN_POSES:
        raise DataError(f"the reference {reference.name} has {len(trajectory)} pose(s), at least {MIN_POSES} are needed")
    span = source.span if isinstance(source, RosbagSource | ImageSequence) else None
    if span is not None and (trajectory.stamps[0] > span[1] or trajectory.stamps[-1] < span[0]):
        raise DataError(
            f"the reference {reference.name} and the images do not overlap in time: it covers "
            f"{trajectory.stamps[0]:.3f} to {trajectory.stamps[-1]:.3f} s, they cover {span[0]:.3f} to {span[1]:.3f} s; "
            "both must be stamped by the same clock"
        )
    return reference


def _open(wanted: str | None, source: Source, frame: str) -> Reference:
    if wanted is None:
        return _own(source, frame)
    if Path(wanted).is_file():
        return _at_camera(wanted, Trajectory.read_tum(Path(wanted)), source, frame)
    if not isinstance(source, RosbagSource):
        raise DataError(f"cannot read the reference {wanted}: there is no such file, and {source.name} is no bag with topics")
    if wanted not in source.pose_topics:
        raise DataError(f"the reference {wanted} is neither a file nor a pose topic of the bag; {_candidates(source)}")
    trajectory, tracked = source.poses(wanted)
    return _at_camera(wanted, trajectory, source, frame or tracked)


def _own(source: Source, frame: str) -> Reference:
    if frame:
        raise DataError(f"a reference frame ({frame}) needs a reference: a topic of the bag or a TUM file")
    if source.ground_truth is not None:
        return Reference(f"ground truth of {source.name}", source.ground_truth)
    candidates = f"; {_candidates(source)}" if isinstance(source, RosbagSource) else ""
    raise DataError(f"{source.name} has no ground truth, so a reference is needed: --reference FILE.tum or TOPIC{candidates}")


def _candidates(source: RosbagSource) -> str:
    return f"its pose topics are {', '.join(source.pose_topics)}" if source.pose_topics else "the bag has no pose topics"


def _at_camera(name: str, trajectory: Trajectory, source: Source, frame: str) -> Reference:
    """Poses of ``frame`` -> poses of the camera."""
    if not isinstance(source, RosbagSource):
        if frame:
            raise DataError(f"{source.name} is no bag, so there is no /tf_static that leads from {frame} to the camera")
        return Reference(name, trajectory)
    camera = source.frame_id
    if frame and frame == camera:
        return Reference(name, trajectory)
    consequence = "if it is another frame, the rotation between them shows as an error of rotation and direction"
    if not frame or not camera:
        note = (
            f"nothing says whose poses {name} holds: they are taken to be those of the camera {camera or 'frame'}; {consequence}"
        )
        return Reference(name, trajectory, note)
    mounting = source.transform(frame, camera)
    if mounting is None:
        note = (
            f"{name} holds poses of {frame}, and no /tf_static in the bag leads from there to {camera}: both are taken to be "
            f"the same frame; {consequence}"
        )
        return Reference(name, trajectory, note)
    return Reference(name, trajectory.moved(mounting))
