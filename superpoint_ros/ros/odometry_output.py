"""The topics ``odometry``, ``path`` and ``/tf``: two-view geometries chained into the motion of the robot."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from geometry_msgs.msg import Point, PoseStamped, PoseWithCovariance, TwistWithCovariance, Vector3
from geometry_msgs.msg import Pose as PoseMsg
from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from std_msgs.msg import Header

from superpoint_ros.config import OdometryNodeConfig
from superpoint_ros.odometry.monocular import MonocularOdometry
from superpoint_ros.odometry.uncertainty import add_step, step_covariance
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import publish
from superpoint_ros.ros.rotations import quaternion
from superpoint_ros.ros.transforms import Transforms
from superpoint_ros.types import DoubleArray, Pose, TwoViewGeometry


class OdometryOutput:
    """Publishes once per keyframe whose motion is known, and nothing for the others.

    The world of the library is the first camera frame; ``odom_frame`` is where ``base_frame`` was then (REP 105). Where the
    scale is not known, lengths are steps and the variance along each step says so.
    """

    def __init__(self, node: Node, config: OdometryNodeConfig, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._transforms = Transforms(node, config.publish_tf, warn)
        self._odometry_publisher = publish(node, Odometry, "odometry")
        self._path_publisher = publish(node, Path, "path")
        self._config = config
        self._odometry = MonocularOdometry(config.odometry)
        self.reset()

    def configure(self, config: OdometryNodeConfig) -> None:
        """Use these settings; steps of another length start anew at the origin."""
        if config.odometry != self._config.odometry:
            self._odometry = MonocularOdometry(config.odometry)
            self.reset()
        self._config = config

    def reset(self) -> None:
        """Start anew at the origin."""
        self._odometry.reset()
        self._covariance = np.zeros((6, 6))
        self._path: list[PoseStamped] = []
        self._last: Header | None = None

    def wanted(self) -> bool:
        """Whether anybody subscribes or the transform is broadcast."""
        publishers = (self._odometry_publisher, self._path_publisher)
        return self._config.publish_tf or any(p.get_subscription_count() for p in publishers)

    def update(self, geometry: TwoViewGeometry, header: Header, reference: Header, is_keyframe: bool) -> None:
        """Chain a geometry; header: of its current image, whose frame is the camera's if no camera_frame was set."""
        if not is_keyframe:
            return
        if self._last is not None and self._last.stamp != reference.stamp:
            gap = (nanoseconds(reference.stamp) - nanoseconds(self._last.stamp)) * 1e-9
            self._warn(f"the motion of {gap:.3f} s between two keyframes is not known; going on from the last pose")
        self._last = header
        before = self._odometry.pose
        after = self._odometry.update(geometry, is_keyframe=True)
        if after is None:
            self._warn(f"no motion from two_view_geometry: {geometry.reason}; going on from the last pose")
            return
        known = self._odometry.scale_known or geometry.scale_known
        step = step_covariance(before, after, geometry, known)
        self._covariance = add_step(self._covariance, before, after, step)
        seconds = (nanoseconds(header.stamp) - nanoseconds(reference.stamp)) * 1e-9
        self._publish(header, before, after, step, seconds, known)

    def _publish(self, header: Header, before: Pose, after: Pose, step: DoubleArray, seconds: float, scale_known: bool) -> None:
        camera = self._transforms.base_from_camera(self._config.base_frame, self._config.camera_frame or header.frame_id)
        if not scale_known:
            # An offset in metres means nothing beside steps of unknown length.
            camera = Pose(camera.rotation, np.zeros(3))
        start, end = (camera @ pose @ camera.inverse() for pose in (before, after))
        stamped = Header(stamp=header.stamp, frame_id=self._config.odom_frame)
        pose = _pose(end)
        if self._odometry_publisher.get_subscription_count():
            message = Odometry(header=stamped, child_frame_id=self._config.base_frame)
            message.pose = PoseWithCovariance(pose=pose, covariance=_turned(self._covariance, camera.rotation))
            message.twist = _twist(start, end, _turned_step(step, end, camera), seconds)
            self._odometry_publisher.publish(message)
        self._transforms.broadcast(stamped, self._config.base_frame, end)
        self._publish_path(stamped, pose)

    def _publish_path(self, header: Header, pose: PoseMsg) -> None:
        if self._config.path_length:
            self._path.append(PoseStamped(header=header, pose=pose))
            self._path = self._path[-self._config.path_length :]
            if self._path_publisher.get_subscription_count():
                self._path_publisher.publish(Path(header=header, poses=self._path))


def _pose(pose: Pose) -> PoseMsg:
    x, y, z = pose.translation.tolist()
    return PoseMsg(position=Point(x=x, y=y, z=z), orientation=quaternion(pose.rotation))


def _twist(start: Pose, end: Pose, covariance: DoubleArray, seconds: float) -> TwistWithCovariance:
    """The mean velocity over the step, in the frame of the robot at its end, as nav_msgs/Odometry asks for."""
    message = TwistWithCovariance()
    linear = end.rotation.T @ (end.translation - start.translation) / seconds
    angular = cv2.Rodrigues(start.rotation.T @ end.rotation)[0][:, 0] / seconds
    message.twist.linear = Vector3(**dict(zip("xyz", linear.tolist(), strict=True)))
    message.twist.angular = Vector3(**dict(zip("xyz", angular.tolist(), strict=True)))
    message.covariance = covariance / seconds**2
    return message


def _turned(covariance: DoubleArray, rotation: DoubleArray) -> DoubleArray:
    """The (36,) covariance about other axes."""
    both = np.kron(np.eye(2), rotation)
    return (both @ covariance @ both.T).reshape(36)


def _turned_step(step: DoubleArray, end: Pose, camera: Pose) -> DoubleArray:
    """From the axes of the first camera to those of the robot now."""
    return _turned(step, end.rotation.T @ camera.rotation)
