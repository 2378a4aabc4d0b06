"""Camera intrinsics in the YAML format of ROS's camera_calibration (`camera_info_url`, `image_proc`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import yaml

from superpoint_ros.errors import DataError
from superpoint_ros.types import Camera, CameraModel


def read_camera(path: Path) -> Camera:
    """image_width, image_height, camera_matrix.data (9 numbers), distortion_model, distortion_coefficients.data.

    Without a distortion model the camera is a pinhole. Raises DataError where the file is missing or says something else.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        matrix = _numbers(values["camera_matrix"])
        fx, _, cx, _, fy, cy, *_ = matrix
        model = values.get("distortion_model", "pinhole")
        distortion = _numbers(values["distortion_coefficients"]) if "distortion_coefficients" in values else ()
        camera = Camera(int(values["image_width"]), int(values["image_height"]), fx, fy, cx, cy, model, distortion)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is no camera calibration: needs image_width, image_height and camera_matrix.data of 9 numbers ({error})") from error
    if model not in get_args(CameraModel):
        raise DataError(f"{path}: distortion_model {model!r} is unknown, use one of {', '.join(get_args(CameraModel))}")
    if len(matrix) != 9 or min(fx, fy, camera.width, camera.height) <= 0:
        raise DataError(f"{path}: focal lengths and image size must be positive and camera_matrix have 9 numbers, got fx {fx:g}, fy {fy:g}")
    return camera


def _numbers(node: Any) -> tuple[float, ...]:
    return tuple(float(x) for x in (node["data"] if isinstance(node, dict) else node))
