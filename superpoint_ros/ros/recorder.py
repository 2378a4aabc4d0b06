"""Listens to everything that the nodes publish about the images of a sequence."""

from __future__ import annotations

import threading
import time

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from superpoint_ros.io.recording import HeardFeatures, HeardGeometry, HeardMatches, HeardPose, Recording
from superpoint_ros.msg import Features, FeatureTracks, Matches, TwoViewGeometry
from superpoint_ros.ros.conversions import geometry_from_msg
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.rotations import rotation_matrix

EVERYTHING = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
"""What is missing in the recording must have been lost in the nodes, not on the way here."""


class Recorder(Node):
    """Fills a Recording; callbacks run in the executor's thread, everybody may wait for what they bring."""

    def __init__(self, recording: Recording, name: str = "recorder") -> None:
        super().__init__(name)
        self.recording = recording
        self._news = threading.Condition()
        self._heard: dict[str, set[int]] = {}
        self._inputs = [
            self.create_subscription(Features, "features", self._on_features, EVERYTHING),
            self.create_subscription(Matches, "matches", self._on_matches, EVERYTHING),
            self.create_subscription(TwoViewGeometry, "two_view_geometry", self._on_geometry, EVERYTHING),
            self.create_subscription(
                FeatureTracks, "tracks", lambda message: self._note("tracks", nanoseconds(message.header.stamp)), EVERYTHING
            ),
            self.create_subscription(Odometry, "odometry", self._on_odometry, EVERYTHING),
        ]

    def missing(self) -> list[str]:
        """Topics that nobody publishes yet."""
        return [s.topic_name for s in self._inputs if self.count_publishers(s.topic_name) == 0]

    def wait_for(self, topic: str, stamp: int, timeout: float) -> bool:
        """Wait until the message about an image (stamp in nanoseconds) arrived on features, tracks or two_view_geometry."""
        with self._news:
            return self._news.wait_for(lambda: stamp in self._heard.get(topic, ()), timeout)

    def has(self, topic: str, stamp: int) -> bool:
        """Whether that message has arrived."""
        with self._news:
            return stamp in self._heard.get(topic, ())

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until nothing has arrived for some time."""
        with self._news:
            while self._news.wait(seconds):
                pass

    def _note(self, topic: str, stamp: int) -> None:
        with self._news:
            self._heard.setdefault(topic, set()).add(stamp)
            self._news.notify_all()

    def _on_features(self, message: Features) -> None:
        stamp = nanoseconds(message.header.stamp)
        self.recording.features.append(HeardFeatures(stamp, time.monotonic(), len(message.x), message.model))
        self._note("features", stamp)

    def _on_matches(self, message: Matches) -> None:
        points = np.column_stack([message.reference_x, message.reference_y, message.current_x, message.current_y]).astype(
            np.float64
        )
        digits = (np.asarray(message.inlier, np.uint8) + ord("0")).tobytes().decode("ascii")
        stamp = nanoseconds(message.header.stamp)
        self.recording.matches.append(
            HeardMatches(
                stamp,
                time.monotonic(),
                nanoseconds(message.reference_header.stamp),
                digits,
                points.round(2).tolist(),
            )
        )
        self._note("matches", stamp)

    def _on_geometry(self, message: TwoViewGeometry) -> None:
        geometry = geometry_from_msg(message)
        pose = geometry.T_current_reference
        stamp = nanoseconds(message.header.stamp)
        self.recording.geometries.append(
            HeardGeometry(
                stamp,
                time.monotonic(),
                nanoseconds(message.reference_header.stamp),
                geometry.status.value,
                geometry.model.value,
                geometry.reason,
                bool(message.is_keyframe),
                geometry.parallax,
                pose.rotation.tolist() if pose else None,
                pose.translation.tolist() if pose else None,
            )
        )
        self._note("two_view_geometry", stamp)

    def _on_odometry(self, message: Odometry) -> None:
        stamp, pose = nanoseconds(message.header.stamp), message.pose.pose
        position = [pose.position.x, pose.position.y, pose.position.z]
        self.recording.poses.append(HeardPose(stamp, time.monotonic(), rotation_matrix(pose.orientation).tolist(), position))
        self._note("odometry", stamp)
