"""The ``camera_info`` subscription that matcher_node and frontend_node share."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from superpoint_ros.errors import DataError
from superpoint_ros.ros.camera_info import camera_from_info
from superpoint_ros.ros.qos import subscribe_latched
from superpoint_ros.types import Camera


class CameraInput:
    """Remembers the newest camera_info; it may have been published once and long ago, or never.

    Without a usable one there is no pose, only a homography. The reason is said once, and again when it changes.
    """

    def __init__(self, node: Node, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._info: CameraInfo | None = None
        self._key: object = None
        self._camera: Camera | None = None
        self._complaint = ""
        self._subscriptions = subscribe_latched(node, CameraInfo, "camera_info", self._on_info)
        self._topic = self._subscriptions[0].topic_name

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
        except DataError as error:
            return None, str(error)
        return camera, "" if camera else f"camera_info on {self._topic} is not calibrated: {'P' if rectified else 'K'} has no focal length"

    def _on_info(self, message: CameraInfo) -> None:
        # Cameras send the same one with every image; comparing here keeps the work per image at an identity check.
        if self._info is None or not _same_camera(self._info, message):
            self._info = message


def _same_camera(a: CameraInfo, b: CameraInfo) -> bool:
    a.header = b.header
    return a == b
