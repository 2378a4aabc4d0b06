"""7-Scenes: ``frame-XXXXXX.color.jpg`` (or png) and ``frame-XXXXXX.pose.txt`` at 30 Hz, K in ``camera-intrinsics.txt``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.image_folder import ImageSequence, camera_beside, images_in, pinhole_of, stamps_at
from superpoint_ros.io.trajectory import Trajectory, pose_from_matrix, read_numbers

_RATE = 30.0
_INTRINSICS = "camera-intrinsics.txt"


def is_seven_scenes(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return any(folder.glob("frame-*.color.*"))


def open_seven_scenes(folder: Path) -> ImageSequence:
    """The colour images. Published intrinsics are the depth camera's; they differ a little from the colour camera's."""
    files = images_in(folder, "frame-*.color.*")
    intrinsics = folder / _INTRINSICS
    camera = camera_beside(folder)
    if camera is None and intrinsics.is_file():
        camera = pinhole_of(files[0], read_numbers(intrinsics, 3)[:3])
    stamps = tuple(stamps_at(len(files), _RATE))
    return ImageSequence(folder.name, files, stamps, camera, _ground_truth(files, stamps))


def _ground_truth(files: tuple[Path, ...], stamps: tuple[float, ...]) -> Trajectory | None:
    paths = [file.with_name(file.name.split(".")[0] + ".pose.txt") for file in files]
    if not any(path.is_file() for path in paths):
        return None
    matrices = [read_numbers(path, 4) for path in paths]
    for path, matrix in zip(paths, matrices, strict=True):
        if matrix.shape != (4, 4):
            raise DataError(f"{path} must hold a 4x4 matrix, camera to world")
    poses = [pose_from_matrix(matrix, str(path)) for path, matrix in zip(paths, matrices, strict=True)]
    return Trajectory(np.array(stamps), tuple(poses))
