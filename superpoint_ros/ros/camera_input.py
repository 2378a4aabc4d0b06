"""The ``camera_info`` subscription that matcher_node and frontend_node share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_info import camera_from_info
from superpoint_ros.matching.camera_model import normalize_points
from superpoint_ros.ros.qos import LATCHED, subscribe
from superpoint_ros.types import Camera

_SEARCH_PERIOD = 0.25
"""Seconds."""

_AFTER_STAMP = 12
"""Bytes of a serialized message with a header: four say how it is encoded, eight are the stamp."""


class CameraInput:
    """Remembers the newest camera_info; it may have been published once and long ago, or never.

    Without a usable one there is no pose, only a homography. The reason is said once, and again when it changes.
    """

    def __init__(self, node: Node, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._info: CameraInfo | None = None
        self._received = b""
        self._key: object = None
        self._camera: Camera | None = None
        self._complaint = ""
        self._node = node
        self._subscription = subscribe(node, CameraInfo, "camera_info", self._on_info, raw=True)
        self._topic = self._subscription.topic_name
        self._latched: Subscription | None = None
        self._search = node.create_timer(_SEARCH_PERIOD, self._look_for_latched, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def camera(self, size: tuple[int, int], rectified: bool) -> Camera | None:
        """The intrinsics of images of this (width, height); None where they are not known."""
        key = (self._info, size, rectified)
        if key != self._key:
            self._key = key
            self._camera, complaint = self._read(*key)
            if complaint and complaint != self._complaint:
                self._warn(f"{complaint}; homographies only, no poses")
            self._complaint = complaint
        return self._camera

    def _read(self, info: CameraInfo | None, size: tuple[int, int], rectified: bool) -> tuple[Camera | None, str]:
        if info is None:
            return None, f"no camera_info on {self._topic} so far"
        try:
            camera = camera_from_info(info, size, rectified)
            if camera is not None:
                normalize_points(np.zeros((1, 2)), camera)  # says what is wrong with the numbers
        except DataError as error:
            return None, str(error)
        return (
            camera,
            "" if camera else f"camera_info on {self._topic} is not calibrated: {'P' if rectified else 'K'} has no focal length",
        )

    def _look_for_latched(self) -> None:
        """A subscription that hears everybody is not told what was published before it came: that takes a second one.

        It is made only for a publisher that latches: all others would warn their users of an incompatible subscriber.
        """
        if self._latched is None and self._info is None:
            publishers = self._node.get_publishers_info_by_topic(self._topic)
            if any(p.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers):
                self._latched = self._node.create_subscription(CameraInfo, self._topic, self._on_info, LATCHED, raw=True)
        else:
            self._search.cancel()

    def _on_info(self, received: bytes) -> None:
        # Cameras send the same one with every image. Comparing what follows the stamp costs much less than to read it again.
        if received[_AFTER_STAMP:] != self._received[_AFTER_STAMP:]:
            self._received = received
            self._info = deserialize_message(received, CameraInfo)
