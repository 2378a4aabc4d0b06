"""Arrays to sensor_msgs/Image; ``io.image_message`` has the way back."""

from __future__ import annotations

from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.types import Image


def encode(image: Image, header: object) -> ImageMsg:
    """A message of a uint8 HxW (mono8) or HxWx3 RGB (rgb8) array."""
    message = ImageMsg()
    message.header = header
    message.height, message.width = image.shape[:2]
    message.encoding = "mono8" if image.ndim == 2 else "rgb8"
    message.step = image.strides[0] if image.flags.c_contiguous else image[0].nbytes
    message.data = image.tobytes()
    return message
