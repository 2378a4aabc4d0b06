"""Intrinsics in the YAML layout of ROS's camera_calibration (camera_info_manager)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from superpoint_ros.errors import DataError
from superpoint_ros.types import Camera, CameraModel

_NAMES = {"fisheye": "equidistant"}
"""What some drivers call a distortion model, and what it is."""


def read_camera(path: Path) -> Camera:
    """The camera in a file with image_width, image_height, camera_matrix, distortion_model and distortion_coefficients.

    Raises DataError where the file is missing or is not in this layout.
    """
    content = load_yaml(path)
    try:
        matrix = content["camera_matrix"]["data"]
        distortion = content.get("distortion_coefficients", {}).get("data", ())
        width, height = int(content["image_width"]), int(content["image_height"])
        return make_camera(width, height, matrix, str(content.get("distortion_model", "")), distortion, str(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not a camera file as camera_calibration writes it: {error!r}") from None


def write_camera(path: Path, camera: Camera) -> None:
    """Write what ``read_camera`` reads."""
    model = "plumb_bob" if camera.model == "pinhole" else camera.model
    distortion = list(camera.distortion) or [0.0] * (4 if model == "equidistant" else 5)
    content = {
        "image_width": camera.width,
        "image_height": camera.height,
        "camera_name": "camera",
        "camera_matrix": {"rows": 3, "cols": 3, "data": camera.matrix.ravel().tolist()},
        "distortion_model": model,
        "distortion_coefficients": {"rows": 1, "cols": len(distortion), "data": distortion},
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, default_flow_style=None))


def make_camera(width: int, height: int, matrix: Sequence[float], model: str, distortion: Sequence[float], name: str) -> Camera:
    """A camera from the nine numbers of K (row-major) and a distortion model as ROS names it; no distortion makes it a pinhole.

    Raises DataError, which names the origin, for an unknown model or a K without focal length.
    """
    fx, _, cx, _, fy, cy = (float(number) for number in matrix[:6])
    if not (fx > 0 and fy > 0):
        raise DataError(f"{name}: the focal length must be positive, got fx {fx:g} and fy {fy:g}; calibrate the camera")
    coefficients = tuple(float(number) for number in distortion)
    model = _NAMES.get(model, model)
    if not any(coefficients) and model != "equidistant":
        return Camera(width, height, fx, fy, cx, cy)
    if model not in get_args(CameraModel):
        raise DataError(f"{name}: unknown distortion model '{model}'; known are {', '.join(get_args(CameraModel))}")
    return Camera(width, height, fx, fy, cx, cy, cast(CameraModel, model), coefficients)


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. DataError where there is none."""
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"cannot read {path}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no YAML mapping")
    return content
