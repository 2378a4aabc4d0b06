"""tf, where tf2_ros is installed: where the camera sits on the robot, and the transform that odometry broadcasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import Transform, TransformStamped, Vector3
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.ros.rotations import quaternion, rotation_matrix
from superpoint_ros.types import Pose

OPTICAL_TO_BODY = Pose(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))
"""T_body_optical of a camera that looks ahead: x forward, y left, z up from z forward, x right, y down (REP 103)."""


class Transforms:
    """Answers with a camera that looks ahead from the origin of the robot, and says so, until tf knows better."""

    def __init__(self, node: Node, broadcast: bool, warn: Callable[[str], None]) -> None:
        """Raises MissingDependencyError where a broadcast is asked for and tf2_ros is not installed."""
        self._warn = warn
        self._found: dict[tuple[str, str], Pose] = {}
        self._buffer: Any = None
        self._broadcaster: Any = None
        try:
            import tf2_ros
        except ImportError as error:
            if broadcast:
                raise MissingDependencyError(
                    "publish_tf needs tf2_ros, which comes with a ROS installation and not with pip: "
                    "source /opt/ros/<distro>/setup.bash, or set publish_tf to false"
                ) from error
            return
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)
        self._broadcaster = tf2_ros.TransformBroadcaster(node) if broadcast else None

    def base_from_camera(self, base: str, camera: str) -> Pose:
        """T_base_camera of a camera that is fixed to the robot; looked up until it is found."""
        if base == camera:
            return Pose()
        key = base, camera
        if base == camera:
            return Pose()
        if key not in self._found:
            pose = self._look_up(base, camera)
            if pose is None:
                return OPTICAL_TO_BODY
            self._found[key] = pose
        return self._found[key]

    def broadcast(self, header: Header, child: str, pose: Pose) -> None:
        """Send header.frame_id -> child, if that was asked for."""
        if self._broadcaster is not None:
            x, y, z = pose.translation.tolist()
            transform = Transform(translation=Vector3(x=x, y=y, z=z), rotation=quaternion(pose.rotation))
            self._broadcaster.sendTransform(TransformStamped(header=header, child_frame_id=child, transform=transform))

    def _look_up(self, base: str, camera: str) -> Pose | None:
        why = "tf2_ros is not installed"
        if self._buffer is not None:
            import tf2_ros

            try:
                found = self._buffer.lookup_transform(base, camera, Time()).transform
                t = found.translation
                return Pose(rotation_matrix(found.rotation), np.array([t.x, t.y, t.z]))
            except tf2_ros.TransformException as error:
                why = str(error)
        self._warn(f"no transform {base} <- {camera} ({why}); assuming that the camera looks ahead from the origin of {base}")
        return None
