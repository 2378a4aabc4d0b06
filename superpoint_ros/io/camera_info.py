"""``sensor_msgs/CameraInfo`` to ``Camera``, whichever library read the message: nodes and bags share this."""

from __future__ import annotations

from typing import Any

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_file import make_camera
from superpoint_ros.types import Camera


def camera_from_info(info: Any, size: tuple[int, int], rectified: bool = False) -> Camera | None:
    """The intrinsics of an image of ``size`` (width, height), or None where the camera is not calibrated (K[0] = 0, REP 104).

    info: a CameraInfo of ROS 2, or of ROS 1, whose k, p and d are K, P and D. A region of interest and binning are applied as
    sensor_msgs/CameraInfo defines them. ``rectified``: the image is the rectified one, so P describes it and it has no
    distortion. Raises DataError where the message belongs to an image of another size or its distortion model is unknown.
    """
    k = _field(info, "p" if rectified else "k")
    fx, fy, cx, cy = (k[0], k[5], k[2], k[6]) if rectified else (k[0], k[4], k[2], k[5])
    if fx == 0.0 or fy == 0.0:
        return None
    binning_x, binning_y = max(info.binning_x, 1), max(info.binning_y, 1)
    roi = info.roi
    x0, y0, width, height = (roi.x_offset, roi.y_offset, roi.width, roi.height) if roi.width else (0, 0, info.width, info.height)
    width, height = width // binning_x, height // binning_y
    if (width, height) != size:
        raise DataError(
            f"camera_info is for images of {width}x{height} pixels but the image has {size[0]}x{size[1]}; "
            "take the camera_info of the topic that belongs to this image, or calibrate at this size"
        )
    # Pixel centres have whole numbers, so binning moves the origin by half a pixel on either side of the division.
    cx, cy = (cx - x0 + 0.5) / binning_x - 0.5, (cy - y0 + 0.5) / binning_y - 0.5
    matrix = (fx / binning_x, 0.0, cx, 0.0, fy / binning_y, cy)
    if rectified:
        return make_camera(width, height, matrix, "", (), "camera_info")
    return make_camera(width, height, matrix, info.distortion_model, _field(info, "d"), "camera_info")


def _field(info: Any, name: str) -> Any:
    return getattr(info, name) if hasattr(info, name) else getattr(info, name.upper())
