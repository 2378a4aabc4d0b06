"""Poses that bags hold: of whatever a topic tracks, and of the camera on it (``/tf_static``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.trajectory import pose_from_numbers
from superpoint_ros.types import Pose

POSE_TYPES = (
    "nav_msgs/msg/Odometry",
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/PoseWithCovarianceStamped",
    "geometry_msgs/msg/TransformStamped",
)
"""Messages that a reference trajectory can be read from."""

TF_TYPE = "tf2_msgs/msg/TFMessage"


def pose_of(message: Any, name: str) -> Pose:
    """``T_header-frame_tracked-frame`` of a message of one of POSE_TYPES. DataError, with the name, where it has no numbers."""
    if hasattr(message, "transform"):
        position, turn = message.transform.translation, message.transform.rotation
    else:
        pose = message.pose.pose if hasattr(message.pose, "pose") else message.pose
        position, turn = pose.position, pose.orientation
    translation, quaternion = np.array([position.x, position.y, position.z]), np.array([turn.x, turn.y, turn.z, turn.w])
    if not np.all(np.isfinite(translation)) or not np.all(np.isfinite(quaternion)):
        raise DataError(f"{name}: the pose has numbers that are NaN or infinite; cut them out or take another reference")
    return pose_from_numbers(translation, quaternion, name)


def tracked_frame(message: Any) -> str:
    """The frame whose pose a message gives; empty where the message does not say it."""
    return frame_name(getattr(message, "child_frame_id", ""))


def frame_name(frame: str) -> str:
    """Without the leading slash that ROS 1 allowed."""
    return frame.removeprefix("/")


def static_transforms(messages: Iterable[Any], name: str) -> dict[tuple[str, str], Pose]:
    """``T_parent_child`` by (parent, child), of TFMessages; a later one wins."""
    return {
        (frame_name(transform.header.frame_id), frame_name(transform.child_frame_id)): pose_of(transform, name)
        for message in messages
        for transform in message.transforms
    }


def find_transform(transforms: Mapping[tuple[str, str], Pose], target: str, source: str) -> Pose | None:
    """``T_target_source``, chained over as many transforms as it takes, in either direction; None where there is no way."""
    found = {target: Pose()}
    queue = deque([target])
    while queue and source not in found:
        here = queue.popleft()
        for (parent, child), pose in transforms.items():
            for near, far, step in ((parent, child, pose), (child, parent, pose.inverse())):
                if near == here and far not in found:
                    found[far] = found[here] @ step
                    queue.append(far)
    return found.get(source)
