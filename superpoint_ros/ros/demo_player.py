"""Plays a sequence as a camera driver and a clock would."""

from __future__ import annotations

import time

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from superpoint_ros.io.frame import Frame
from superpoint_ros.io.recording import CAMERA_FRAME, Heard, Recording, nanoseconds
from superpoint_ros.ros.images import encode
from superpoint_ros.types import Camera

CLOCK_PERIOD = 0.02
"""Seconds of real time between two ticks of /clock."""


class DemoPlayer(Node):
    """Publishes ``image``, ``camera_info`` and ``/clock``. Notes when each image left."""

    def __init__(self, recording: Recording, camera: Camera | None) -> None:
        super().__init__("demo_player")
        self._recording = recording
        self._info = _camera_info(camera) if camera is not None else None
        reliable = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self._images = self.create_publisher(Image, "image", reliable)
        self._infos = self.create_publisher(CameraInfo, "camera_info", reliable)
        self._clock_ticks = self.create_publisher(Clock, "/clock", reliable)
        self._start: tuple[float, float] | None = None

    def missing(self) -> list[str]:
        """Topics that nobody listens to yet."""
        outputs = [self._images, *([self._infos] if self._info is not None else [])]
        return [output.topic_name for output in outputs if output.get_subscription_count() == 0]

    def show(self, frame: Frame) -> int:
        """Publish one frame now; returns its stamp in nanoseconds."""
        stamp = nanoseconds(frame.stamp)
        header = Header(stamp=_time(stamp), frame_id=CAMERA_FRAME)
        image = encode(frame.image, header)
        if self._info is not None:
            self._info.header = header
            self._infos.publish(self._info)
        self._tick(stamp)
        self._recording.images.append(Heard(stamp, time.monotonic()))
        self._images.publish(image)
        return stamp

    def wait_until_due(self, frame: Frame, rate: float) -> None:
        """Let the clock run, ``rate`` times as fast as real time, until it is time for a frame. The first one is due at once."""
        now = time.monotonic()
        if self._start is None:
            self._start = (now, frame.stamp)
        began, first = self._start
        due = began + (frame.stamp - first) / rate
        while now < due:
            self._tick(nanoseconds(first + (now - began) * rate))
            time.sleep(min(CLOCK_PERIOD, due - now))
            now = time.monotonic()

    def postpone(self, seconds: float) -> None:
        """Everything is due later: the clock stood still for so long."""
        if self._start is not None:
            self._start = (self._start[0] + seconds, self._start[1])

    def _tick(self, stamp: int) -> None:
        self._clock_ticks.publish(Clock(clock=_time(stamp)))


def _time(stamp: int) -> Time:
    return Time(sec=stamp // 1_000_000_000, nanosec=stamp % 1_000_000_000)


def _camera_info(camera: Camera) -> CameraInfo:
    """A CameraInfo without rectification. A pinhole is a plumb_bob whose coefficients are zero."""
    message = CameraInfo(width=camera.width, height=camera.height)
    message.distortion_model = "plumb_bob" if camera.model == "pinhole" else camera.model
    message.d = [float(d) for d in camera.distortion] or [0.0] * 5
    message.k = [float(value) for value in camera.matrix.reshape(9)]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message
