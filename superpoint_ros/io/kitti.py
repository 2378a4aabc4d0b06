"""KITTI odometry: rectified images at 10 Hz, projection matrices in ``calib.txt``, poses of the left grey camera.

Known are the layout of the benchmark (``sequences/00`` with ``image_0`` or ``image_2``, ``times.txt``, and the poses in
``poses/00.txt`` beside ``sequences``) and a short one (``image_l``, ``image_r``, ``calib.txt``, ``poses.txt`` in one folder).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.image_folder import ImageSequence, camera_beside, images_in, pinhole_of, stamps_at
from superpoint_ros.io.trajectory import Trajectory, numbered_rows, pose_from_matrix, read_numbers, trajectory_from_rows
from superpoint_ros.types import DoubleArray, Pose

_RATE = 10.0
_CAMERAS = {"image_l": 0, "image_0": 0, "image_2": 2}
"""The folders that are looked for, in this order, and their rows in ``calib.txt``."""


def is_kitti(folder: Path) -> bool:
    """Whether a folder has one of these layouts."""
    return (folder / "calib.txt").is_file() and any((folder / name).is_dir() for name in _CAMERAS)


def open_kitti(folder: Path) -> ImageSequence:
    """The left camera of a drive (grey where there is a choice), its poses and intrinsics."""
    images, row = next((folder / name, row) for name, row in _CAMERAS.items() if (folder / name).is_dir())
    files = images_in(images)
    projection = _projection(folder / "calib.txt", row)
    times = folder / "times.txt"
    stamps = tuple(read_numbers(times, 1)[:, 0]) if times.is_file() else tuple(stamps_at(len(files), _RATE))
    camera = camera_beside(folder) or pinhole_of(files[0], projection[:, :3])
    return ImageSequence(folder.name, files, stamps, camera, _ground_truth(folder, projection, stamps))


def _projection(path: Path, row: int) -> DoubleArray:
    """P (3, 4) of a camera; rows may start with their name (``P0:``)."""
    lines = [line.split(":")[-1].split() for line in path.read_text().splitlines() if line.strip()]
    try:
        return np.array(lines[row][:12], np.float64).reshape(3, 4)
    except (IndexError, ValueError):
        raise DataError(f"{path}: line {row + 1} must hold the 12 numbers of a projection matrix") from None


def _ground_truth(folder: Path, projection: DoubleArray, stamps: tuple[float, ...]) -> Trajectory | None:
    candidates = (folder / "poses.txt", folder.resolve().parent.parent / "poses" / f"{folder.resolve().name}.txt")
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        return None
    # P = K [I | t] with t the place of camera 0's origin in this camera; the poses are camera 0's.
    T_left_camera = Pose(translation=np.asarray(-np.linalg.solve(projection[:, :3], projection[:, 3]), np.float64))
    rows = numbered_rows(path, 12)
    poses = [pose_from_matrix(np.reshape(row, (3, 4)), f"{path}:{line}") @ T_left_camera for line, row in rows]
    return trajectory_from_rows(path, np.array(stamps), poses)
