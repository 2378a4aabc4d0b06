"""Pixels of a ``sensor_msgs/Image``, whichever library read the message."""

from __future__ import annotations

from typing import NamedTuple, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.io.images import PixelArray


class ImageMessage(Protocol):
    """The fields of ``sensor_msgs/Image`` that hold pixels. data: anything with the buffer protocol."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: NDArray[np.uint8]


class Layout(NamedTuple):
    """How an encoding stores a pixel, and OpenCV's conversion of it to RGB (None: it is grey or RGB already)."""

    dtype: type[np.uint8] | type[np.uint16] | type[np.float32]
    channels: int
    conversion: int | None = None


# OpenCV names a Bayer pattern by its second row and column, ROS by its first: bayer_rggb is BayerBG.
LAYOUTS = {"yuv422": Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY), "yuv422_yuy2": Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2)}
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


def decode_raw_image(message: ImageMessage, name: str) -> PixelArray:
    """Grey (H, W) or RGB (H, W, 3), C-contiguous; uint16 where the encoding has 16 bits. Rows may be padded (step).

    Encodings of no colour order (8UC3) are taken in OpenCV's, BGR. Raises DataError, which begins with the name, for an unknown
    encoding, a zero size, or a step or data length that does not fit.
    """
    layout = LAYOUTS.get(message.encoding)
    if layout is None:
        raise DataError(
            f"{name}: the encoding {message.encoding!r} is no grey or colour image; known are {', '.join(sorted(LAYOUTS))}"
        )
    height, width, step = message.height, message.width, message.step
    if min(height, width) == 0:
        raise DataError(f"{name}: the image has no pixels ({width}x{height})")
    data = np.frombuffer(message.data, np.uint8)
    row = width * layout.channels * np.dtype(layout.dtype).itemsize
    if step < row or len(data) < step * (height - 1) + row:
        raise DataError(
            f"{name}: {len(data)} bytes in rows of {step} do not make {width}x{height} {message.encoding} (rows of {row})"
        )
    # The last row may lack its padding, so rows are taken by stride instead of by reshape.
    rows = np.ascontiguousarray(np.lib.stride_tricks.as_strided(data, (height, row), (step, 1)))
    dtype = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    samples = cast(PixelArray, rows.view(dtype).astype(layout.dtype, copy=False))
    image = samples.reshape((height, width) if layout.channels == 1 else (height, width, layout.channels))
    if layout.conversion is None:
        return image
    try:
        return cast(PixelArray, cv2.cvtColor(image, layout.conversion))
    except cv2.error:
        raise DataError(f"{name}: {width}x{height} is no size that {message.encoding} can have") from None
