"""Sequences that are image files on disk, and the plainest of them: a folder of images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_file import read_camera
from superpoint_ros.io.frame import Frame
from superpoint_ros.io.images import SUFFIXES, image_size, natural_key, read_image
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Camera

CAMERA_FILE = "camera.yaml"
"""Intrinsics beside the images, in the layout of ROS's camera_calibration; wins over whatever a data set says."""

_DEFAULT_RATE = 30.0


@dataclass(frozen=True)
class ImageSequence:
    """An ``io.Source`` of image files with a time stamp (seconds) each."""

    name: str
    files: tuple[Path, ...]
    stamps: tuple[float, ...]
    camera: Camera | None = None
    ground_truth: Trajectory | None = None

    def __post_init__(self) -> None:
        if len(self.files) != len(self.stamps):
            raise DataError(f"{self.name}: {len(self.files)} images but {len(self.stamps)} time stamps; the counts must agree")
        if not self.files:
            raise DataError(f"{self.name} holds no images")

    @property
    def span(self) -> tuple[float, float]:
        """First and last stamp, in seconds."""
        return min(self.stamps), max(self.stamps)

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[Frame]:
        for index, (file, stamp) in enumerate(zip(self.files, self.stamps, strict=True)):
            yield Frame(index, stamp, file.name, read_image(file))


def open_image_folder(folder: Path) -> ImageSequence:
    """Every image directly in a folder, in natural order.

    Stamps are the file names where these are times (seconds or nanoseconds since 1970), else the images come at 30 Hz.
    """
    files = images_in(folder)
    stamps = [time_of_name(file) for file in files]
    if any(stamp is None for stamp in stamps):
        stamps = list(stamps_at(len(files), _DEFAULT_RATE))
    return ImageSequence(folder.name, files, tuple(float(stamp or 0.0) for stamp in stamps), camera_beside(folder))


def images_in(folder: Path, pattern: str = "*") -> tuple[Path, ...]:
    """Image files directly in a folder, in natural order. DataError where there are none."""
    files = [file for file in folder.glob(pattern) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise DataError(f"{folder} holds no images; expected a rosbag, images, or a TUM, KITTI or EuRoC layout")
    return tuple(sorted(files, key=lambda file: natural_key(file.name)))


def time_of_name(file: Path) -> float | None:
    """Seconds, where a file is named by its time: seconds with or without a fraction, or 19 digits of nanoseconds."""
    stem = file.stem
    if re.fullmatch(r"\d{19}", stem):
        return int(stem) / 1e9
    return float(stem) if re.fullmatch(r"\d{9,10}(\.\d+)?", stem) else None


def camera_beside(folder: Path) -> Camera | None:
    """The camera of a ``camera.yaml`` in a folder; None without one."""
    path = folder / CAMERA_FILE
    return read_camera(path) if path.is_file() else None


def pinhole_of(image: Path, matrix: np.ndarray) -> Camera:
    """A pinhole camera from K (3, 3) whose size is that of an image file. DataError for a K without focal length."""
    width, height = image_size(image)
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0):
        raise DataError(f"{image}: the focal length must be positive, got {matrix[0, 0]:g} and {matrix[1, 1]:g}")
    return Camera(width, height, float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2]))


def stamps_at(count: int, rate: float) -> Sequence[float]:
    """Stamps of a recording at a fixed rate in Hz, from 0."""
    return [index / rate for index in range(count)]
