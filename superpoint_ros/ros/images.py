"""sensor_msgs/Image and CompressedImage to arrays.

One decoder of our own instead of cv_bridge: it needs nothing but numpy and OpenCV, copies at most once, and says what is
wrong with a message instead of reading past its end (cv_bridge checks neither step nor content).
"""

from __future__ import annotations

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.errors import ImageError
from superpoint_ros.io.raw_image import LAYOUTS, Layout
from superpoint_ros.types import Image

_LAYOUTS = {**LAYOUTS, "32FC1": Layout(np.float32, 1)}
ENCODINGS = tuple(_LAYOUTS)
"""Every encoding that ``decode`` understands."""


def decode(message: ImageMsg | CompressedImage) -> Image:
    """HxW or HxWx3 (RGB) array of uint8, uint16 or float32, C-contiguous.

    Raises ImageError for an unknown encoding, a step or data length that does not fit the size, an empty image, and float
    images with NaN or infinity.
    """
    return _decode_compressed(message) if isinstance(message, CompressedImage) else _decode_raw(message)


def encode(image: Image, header: object) -> ImageMsg:
    """A message of a uint8 HxW (mono8) or HxWx3 RGB (rgb8) array."""
    message = ImageMsg()
    message.header = header
    message.height, message.width = image.shape[:2]
    message.encoding = "mono8" if image.ndim == 2 else "rgb8"
    message.step = image.strides[0] if image.flags.c_contiguous else image[0].nbytes
    message.data = image.tobytes()
    return message


def _decode_raw(message: ImageMsg) -> Image:
    height, width = message.height, message.width
    if height == 0 or width == 0:
        raise ImageError(f"the image is empty: {width}x{height} pixels")
    layout = _LAYOUTS.get(message.encoding)
    if layout is None:
        raise ImageError(f"unknown image encoding '{message.encoding}'; supported are {', '.join(ENCODINGS)}")
    dtype = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    row = width * layout.channels * dtype.itemsize
    if message.step < row:
        raise ImageError(
            f"step {message.step} is too short for {width} pixels of {message.encoding}, which need {row} bytes a row"
        )
    if len(message.data) != message.step * height:
        raise ImageError(
            f"the image has {len(message.data)} bytes of data; {height} rows of step {message.step} need {height * message.step}"
        )
    rows = np.frombuffer(message.data, np.uint8).reshape(height, message.step)[:, :row]
    image = np.ascontiguousarray(rows).view(dtype).astype(layout.dtype, copy=False)
    image = image.reshape((height, width) if layout.channels == 1 else (height, width, layout.channels))
    if layout.dtype == np.float32 and not np.isfinite(image).all():
        raise ImageError(f"the image has {int((~np.isfinite(image)).sum())} pixels that are NaN or infinite")
    return image if layout.conversion is None else _convert(image, layout.conversion, message.encoding)


def _decode_compressed(message: CompressedImage) -> Image:
    if "compressedDepth" in message.format:
        raise ImageError(f"'{message.format}' is a depth image; keypoints need a grey or colour image")
    if not len(message.data):
        raise ImageError("the compressed image is empty")
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ImageError(f"the compressed image cannot be decoded (format '{message.format}', {len(message.data)} bytes)")
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    return cv2.cvtColor(image, cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _convert(image: Image, conversion: int, encoding: str) -> Image:
    try:
        return cv2.cvtColor(np.asarray(image), conversion)
    except cv2.error as error:
        height, width = image.shape[:2]
        raise ImageError(
            f"an image of {width}x{height} pixels cannot be in encoding '{encoding}': {error.err or error}"
        ) from error
