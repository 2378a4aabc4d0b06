"""EuRoC MAV (ASL layout): ``mav0/cam0`` and its ``sensor.yaml``, poses of the body in ``state_groundtruth_estimate0``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_file import load_yaml, make_camera
from superpoint_ros.io.image_folder import ImageSequence, camera_beside
from superpoint_ros.io.trajectory import Trajectory, pose_from_numbers, read_numbers, trajectory_from_rows
from superpoint_ros.types import Camera, Pose

_MODELS = {"radial-tangential": "plumb_bob", "radtan": "plumb_bob", "equidistant": "equidistant"}


def _mav(folder: Path) -> Path:
    return folder / "mav0" if (folder / "mav0").is_dir() else folder


def is_euroc(folder: Path) -> bool:
    """Whether a folder, or ``mav0`` in it, has this layout."""
    return (_mav(folder) / "cam0" / "data.csv").is_file()


def open_euroc(folder: Path) -> ImageSequence:
    """The left camera. The ground truth is moved from the body to the camera with the extrinsics of ``sensor.yaml``."""
    mav = _mav(folder)
    listing = mav / "cam0" / "data.csv"
    rows = [line.split(",") for line in listing.read_text().splitlines() if line.strip() and not line.startswith("#")]
    try:
        stamps = tuple(int(row[0]) / 1e9 for row in rows)
        files = tuple(listing.parent / "data" / row[1].strip() for row in rows)
    except (ValueError, IndexError):
        raise DataError(f"{listing}: every line must be nanoseconds and the name of an image") from None
    camera, T_body_camera = _read_sensor(mav / "cam0" / "sensor.yaml")
    truth = mav / "state_groundtruth_estimate0" / "data.csv"
    ground_truth = _read_ground_truth(truth, T_body_camera) if truth.is_file() else None
    return ImageSequence(folder.name, files, stamps, camera_beside(folder) or camera, ground_truth)


def _read_sensor(path: Path) -> tuple[Camera, Pose]:
    content = load_yaml(path)
    try:
        fx, fy, cx, cy = content["intrinsics"]
        width, height = content["resolution"]
        model = _MODELS.get(content["distortion_model"], content["distortion_model"])
        T_body_camera = Pose.from_matrix(np.array(content["T_BS"]["data"], np.float64).reshape(4, 4))
        coefficients = content["distortion_coefficients"]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is not an ASL camera description: {error!r}") from None
    return make_camera(width, height, (fx, 0, cx, 0, fy, cy, 0, 0, 1), model, coefficients, str(path)), T_body_camera


def _read_ground_truth(path: Path, T_body_camera: Pose) -> Trajectory:
    """Rows are nanoseconds, position (3), quaternion w x y z, and more that is not needed."""
    rows = read_numbers(path, 8, delimiter=",", more=True)
    poses = [pose_from_numbers(row[1:4], row[[5, 6, 7, 4]], path) @ T_body_camera for row in rows]
    return trajectory_from_rows(path, rows[:, 0] / 1e9, poses)
