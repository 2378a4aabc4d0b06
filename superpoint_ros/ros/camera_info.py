"""sensor_msgs/CameraInfo to ``Camera``."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo

from superpoint_ros.errors import DataError
from superpoint_ros.types import Camera, CameraModel

_MODELS: dict[str, CameraModel] = {
    "": "pinhole",
    "pinhole": "pinhole",
    "plumb_bob": "plumb_bob",
    "rational_polynomial": "rational_polynomial",
    "equidistant": "equidistant",
    "fisheye": "equidistant",
}


def camera_from_info(info: CameraInfo, size: tuple[int, int], rectified: bool = False) -> Camera | None:
    """The intrinsics of an image of ``size`` (width, height), or None where the camera is not calibrated (K[0] = 0, REP 104).

    A region of interest and binning are applied as sensor_msgs/CameraInfo defines them. ``rectified``: the image is the
    rectified one, so P describes it and it has no distortion. Raises DataError where the message belongs to an image of
    another size or its distortion model is unknown.
    """
    k = info.p if rectified else info.k
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
            "remap camera_info to the topic that belongs to this image, or calibrate at this size"
        )
    if not rectified and info.distortion_model not in _MODELS:
        known = ", ".join(name for name in _MODELS if name)
        raise DataError(f"camera_info has the unknown distortion model '{info.distortion_model}'; known are {known}")
    distortion = () if rectified else tuple(float(d) for d in info.d)
    model: CameraModel = _MODELS[info.distortion_model] if any(distortion) else "pinhole"
    return Camera(
        width=size[0],
        height=size[1],
        fx=fx / binning_x,
        fy=fy / binning_y,
        # Pixel centres have whole numbers, so binning moves the origin by half a pixel on either side of the division.
        cx=(cx - x0 + 0.5) / binning_x - 0.5,
        cy=(cy - y0 + 0.5) / binning_y - 0.5,
        model=model,
        distortion=distortion if model != "pinhole" else (),
    )
