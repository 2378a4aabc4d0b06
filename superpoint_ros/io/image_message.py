"""Pixels of ``sensor_msgs/Image`` and ``CompressedImage``, whichever library read the message: nodes and bags share this.

One decoder of our own instead of cv_bridge: it needs nothing but numpy and OpenCV, copies at most once, and says what is
wrong with a message instead of reading past its end (cv_bridge checks neither step nor content).
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import cv2
import numpy as np

from superpoint_ros.errors import DataError, ImageError
from superpoint_ros.io.images import PixelArray, decode_image


class Layout(NamedTuple):
    """How an encoding stores a pixel, and OpenCV's conversion of it to RGB (None: it is grey or RGB already)."""

    dtype: type[np.uint8] | type[np.uint16] | type[np.float32]
    channels: int
    conversion: int | None = None


# OpenCV names a Bayer pattern by its second row and column, ROS by its first: bayer_rggb is BayerBG.
LAYOUTS = {"yuv422": Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY), "yuv422_yuy2": Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2)}
LAYOUTS |= {"32FC1": Layout(np.float32, 1)}
LAYOUTS |= {"uyvy": LAYOUTS["yuv422"], "yuyv": LAYOUTS["yuv422_yuy2"]}
for _depth, _bits in ((np.uint8, "8"), (np.uint16, "16")):
    LAYOUTS |= {
        f"mono{_bits}": Layout(_depth, 1),
        f"{_bits}UC1": Layout(_depth, 1),
        f"rgb{_bits}": Layout(_depth, 3),
        f"rgba{_bits}": Layout(_depth, 4, cv2.COLOR_RGBA2RGB),
        f"bgr{_bits}": Layout(_depth, 3, cv2.COLOR_BGR2RGB),
        f"{_bits}UC3": Layout(_depth, 3, cv2.COLOR_BGR2RGB),
        f"bgra{_bits}": Layout(_depth, 4, cv2.COLOR_BGRA2RGB),
        f"{_bits}UC4": Layout(_depth, 4, cv2.COLOR_BGRA2RGB),
        f"bayer_rggb{_bits}": Layout(_depth, 1, cv2.COLOR_BayerBG2RGB),
        f"bayer_bggr{_bits}": Layout(_depth, 1, cv2.COLOR_BayerRG2RGB),
        f"bayer_gbrg{_bits}": Layout(_depth, 1, cv2.COLOR_BayerGR2RGB),
        f"bayer_grbg{_bits}": Layout(_depth, 1, cv2.COLOR_BayerGB2RGB),
    }


def decode(message: Any) -> PixelArray:
    """Grey HxW or RGB HxWx3, C-contiguous: uint8, uint16 where the encoding has 16 bits, float32 (in [0, 1]) of 32FC1.

    message: an Image or a CompressedImage, as rclpy or rosbags gives it; its data may be bytes, an array, or any other buffer.
    Rows may be padded (step), the last one with or without its padding. Encodings of no colour order (8UC3) are BGR, as OpenCV's.
    Raises ImageError for an unknown encoding, an empty image, a step or data length that does not fit the size, float
    images with NaN or infinity, depth images, and compressed ones that are damaged.
    """
    return _decode_raw(message) if hasattr(message, "encoding") else _decode_compressed(message)


def _decode_raw(message: Any) -> PixelArray:
    height, width, step, encoding = message.height, message.width, message.step, message.encoding
    if height == 0 or width == 0:
        raise ImageError(f"the image is empty: {width}x{height} pixels")
    layout = LAYOUTS.get(encoding)
    if layout is None:
        raise ImageError(f"unknown image encoding '{encoding}'; supported are {', '.join(sorted(LAYOUTS))}")
    dtype = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    row = width * layout.channels * dtype.itemsize
    data = np.frombuffer(message.data, np.uint8)
    if step < row:
        raise ImageError(f"step {step} is too short for {width} pixels of {encoding}, which need {row} bytes a row")
    if not step * (height - 1) + row <= len(data) <= step * height:
        raise ImageError(f"the image has {len(data)} bytes of data; {height} rows of step {step} need {height * step}")
    # The last row may lack its padding, so rows are taken by stride instead of by reshape.
    rows = np.ascontiguousarray(np.lib.stride_tricks.as_strided(data, (height, row), (step, 1), writeable=False))
    image = cast(PixelArray, rows.view(dtype).astype(layout.dtype, copy=False))
    image = image.reshape((height, width) if layout.channels == 1 else (height, width, layout.channels))
    if layout.dtype == np.float32 and not np.isfinite(image).all():
        raise ImageError(f"the image has {int((~np.isfinite(image)).sum())} pixels that are NaN or infinite")
    if layout.conversion is None:
        return image
    try:
        return cast(PixelArray, cv2.cvtColor(image, layout.conversion))
    except cv2.error as error:
        problem = f"an image of {width}x{height} pixels cannot be in encoding '{encoding}': {error.err or error}"
        raise ImageError(problem) from error


def _decode_compressed(message: Any) -> PixelArray:
    if "compressedDepth" in message.format:
        raise ImageError(f"'{message.format}' is a depth image; keypoints need a grey or colour image")
    data = np.frombuffer(message.data, np.uint8)
    try:
        # A rotation in the Exif data of a JPEG is for people who look at it: camera_info knows nothing of it.
        return decode_image(data, f"the compressed image (format '{message.format}', {len(data)} bytes)", turn=False)
    except DataError as error:
        raise ImageError(str(error)) from error
