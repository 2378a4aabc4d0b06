"""The image and mask subscriptions that superpoint_node and frontend_node share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.errors import ImageError
from superpoint_ros.io.image_message import decode
from superpoint_ros.ros.qos import subscribe

MASK_TOPIC = "mask"


class ImageInput:
    """Subscribes to ``image`` (raw) or ``image/compressed``, and to ``mask``, whose newest message holds until the next one.

    The mask is an image of the size of the images, 0 where no keypoint may be.
    """

    def __init__(
        self, node: Node, transport: Literal["raw", "compressed"], receive: Callable[[Any], None], prefix: str = ""
    ) -> None:
        """prefix: of the names of the topics."""
        message_type, topic = (ImageMsg, "image") if transport == "raw" else (CompressedImage, "image/compressed")
        self._mask: ImageMsg | None = None
        self._decoded: NDArray[np.uint8] | None = None
        self._subscriptions = [
            subscribe(node, message_type, f"{prefix}{topic}", receive),
            subscribe(node, ImageMsg, f"{prefix}{MASK_TOPIC}", self._on_mask),
        ]

    def mask(self) -> NDArray[np.uint8] | None:
        """HxW, decoded once. Raises ImageError for a mask that is no grey image, and forgets it."""
        message, self._mask = self._mask, None
        if message is not None:
            self._decoded = None
            mask = decode(message)
            if mask.ndim != 2 or mask.dtype != np.uint8:
                raise ImageError(f"the mask must be mono8, not {message.encoding}")
            self._decoded = mask.astype(np.uint8, copy=False)
        return self._decoded

    def _on_mask(self, message: ImageMsg) -> None:
        self._mask = message
