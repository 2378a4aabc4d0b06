"""Finds the image that belongs to a result which arrives later."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Literal

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.io.image_message import decode
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import subscribe
from superpoint_ros.types import Image

_KEEP = 10


class RecentImages:
    """Keeps the last few messages of ``image`` by their stamp, while ``follow(True)``.

    A synchronizer would hold every result back until its image is there; here the image has always come first.
    """

    def __init__(self, node: Node, transport: Literal["raw", "compressed"]) -> None:
        self._node = node
        self._source = (ImageMsg, "image") if transport == "raw" else (CompressedImage, "image/compressed")
        self._subscription: Subscription | None = None
        self._messages: OrderedDict[int, ImageMsg | CompressedImage] = OrderedDict()
        self._lock = threading.Lock()

    def follow(self, wanted: bool) -> None:
        """Subscribe, or end the subscription and forget the images. Call it from the executor's thread."""
        if wanted and self._subscription is None:
            self._subscription = subscribe(self._node, *self._source, self._on_image)
        elif not wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            with self._lock:
                self._messages.clear()

    def find(self, header: Header) -> Image | None:
        """The image with exactly this stamp, if it is still there. Raises ImageError where it cannot be decoded."""
        with self._lock:
            message = self._messages.get(nanoseconds(header.stamp))
        return None if message is None else decode(message)

    def _on_image(self, message: ImageMsg | CompressedImage) -> None:
        with self._lock:
            self._messages[nanoseconds(message.header.stamp)] = message
            while len(self._messages) > _KEEP:
                self._messages.popitem(last=False)
