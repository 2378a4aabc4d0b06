"""Listens to nodes while a bag is played to them, and writes what they said for `superpoint-ros replay --recording`."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.config import RecorderNodeConfig
from superpoint_ros.errors import DataError, SuperPointRosError
from superpoint_ros.io.recording import Heard, Recording
from superpoint_ros.msg import Matches
from superpoint_ros.ros.parameters import Parameters
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import subscribe
from superpoint_ros.ros.recorder import Recorder

QUIET = 1.0
PATIENCE = 4.0
"""Seconds without a message after which nothing is on the way any more, and how long that is waited for: launch kills after 5."""
IMAGES = QoSProfile(depth=30, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Matches every publisher."""
DRAWN = 64
"""Most matches whose points are kept: a report draws a few, and all of a long bag would fill the memory."""


class RecorderNode(Recorder):
    """A recorder of live nodes, which notes when each image arrived, too."""

    def __init__(self) -> None:
        super().__init__(Recording(), "recorder_node")
        config = Parameters(self, RecorderNodeConfig, lambda _old, _new: lambda: None).config
        self.output = Path(config.output).expanduser()
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
            self.output.touch()
        except OSError as error:
            raise DataError(f"cannot write the recording {self.output}: {error.strerror}") from error
        raw = config.image_transport == "raw"
        kind, topic = (ImageMsg, "image") if raw else (CompressedImage, "image/compressed")
        self.last = time.monotonic()
        self._stride = 1
        self._images = subscribe(self, kind, topic, self._on_image, IMAGES)
        self.get_logger().info(f"ready: writes {self.output} when it is ended")

    def _on_image(self, message: ImageMsg | CompressedImage) -> None:
        stamp = nanoseconds(message.header.stamp)
        self.recording.images.append(Heard(stamp, time.monotonic()))
        self._note("image", stamp)

    def _note(self, topic: str, stamp: int) -> None:
        self.last = time.monotonic()
        if topic not in self._heard:
            self.get_logger().info(f"hears {topic}")
        super()._note(topic, stamp)

    def _on_matches(self, message: Matches) -> None:
        super()._on_matches(message)
        matches = self.recording.matches
        if (len(matches) - 1) % self._stride:
            matches[-1] = replace(matches[-1], points=[])
        elif len(matches) > DRAWN * self._stride:
            self._stride *= 2
            matches[:] = [m if i % self._stride == 0 else replace(m, points=[]) for i, m in enumerate(matches)]


def main() -> None:
    """Listen until SIGINT or SIGTERM, then until all is quiet, and write the file. A second signal ends the waiting."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: asked.append(got))
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = RecorderNode()
    except SuperPointRosError as error:
        rclpy.logging.get_logger("recorder_node").fatal(str(error))
        rclpy.try_shutdown()
        sys.exit(2)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not asked:
        executor.spin_once(timeout_sec=0.1)
    # Messages may wait here although none was taken for a while: this process, too, may have been held up.
    node.last = time.monotonic()
    end = node.last + PATIENCE
    while len(asked) < 2 and time.monotonic() < min(end, node.last + QUIET):
        executor.spin_once(timeout_sec=0.1)
    node.recording.write(node.output)
    node.get_logger().info(f"wrote {node.output}: {len({heard.stamp for heard in node.recording.features})} frames")
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
