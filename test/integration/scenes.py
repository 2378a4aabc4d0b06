"""Images and camera_info messages for the nodes under test."""

from __future__ import annotations

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.ros.images import encode
from superpoint_ros.types import Camera


def texture(width: int = 320, height: int = 240, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth random blobs: many keypoints for any detector."""
    noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def header(seconds: float, frame: str = "camera") -> Header:
    nanoseconds = round(seconds * 1e9)
    return Header(stamp=Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9), frame_id=frame)


def image_message(image: NDArray[np.uint8], seconds: float, frame: str = "camera") -> ImageMsg:
    return encode(image, header(seconds, frame))


def compressed_message(image: NDArray[np.uint8], seconds: float) -> CompressedImage:
    _, data = cv2.imencode(".png", image)
    return CompressedImage(header=header(seconds), format="mono8; png compressed", data=data.tobytes())


def camera_message(camera: Camera) -> CameraInfo:
    message = CameraInfo(width=camera.width, height=camera.height, distortion_model="plumb_bob", d=[0.0] * 5)
    message.k = camera.matrix.reshape(9)
    message.p = np.hstack([camera.matrix, np.zeros((3, 1))]).reshape(12)
    return message
