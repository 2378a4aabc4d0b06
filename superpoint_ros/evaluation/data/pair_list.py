"""Lists of pairs with intrinsics and relative poses, the text format of SuperGlue's ScanNet and YFCC tests.

A line is ``path0 path1 rot0 rot1 K0 K1 T_0to1``: rot counts the quarter turns counterclockwise that put an image upright, K has
9 numbers, row by row, in pixels of the image as stored, and T 16; it maps points of camera 0 into camera 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.disk_image import DiskImage
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.io.images import image_size
from superpoint_ros.io.trajectory import pose_from_matrix
from superpoint_ros.types import Camera, DoubleArray, Pose

LAYOUT = "pair list"
_COLUMNS = 2 + 2 + 9 + 9 + 16
_QUARTER_TURN = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""From the camera of an image to that of the image turned counterclockwise: its x axis is the old y axis, its y axis minus x."""


def is_pair_list(path: Path) -> bool:
    """Whether a path is a text file."""
    return path.is_file() and path.suffix == ".txt"


def open_pair_list(path: Path) -> PairSet:
    """The pairs of a list, all in one group. Paths are relative to its folder or to one of the folders in that.

    Raises DataError, with the line, for a missing image, a wrong count of columns, a K or T that cannot be one.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from None
    rows = [(f"{path}:{number}", line.split()) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not rows:
        raise DataError(f"{path} lists no pairs")
    root = _root(path, rows[0][1][0])
    return PairSet(path.stem, LAYOUT, tuple(_pair(where, words, root, path.stem) for where, words in rows))


def _root(path: Path, first: str) -> Path:
    """The folder that the paths are relative to."""
    folders = [path.parent, *sorted(entry for entry in path.parent.iterdir() if entry.is_dir())]
    return next((folder for folder in folders if (folder / first).is_file()), path.parent)


def _pair(where: str, words: list[str], root: Path, group: str) -> ImagePair:
    if len(words) != _COLUMNS:
        raise DataError(f"{where}: expected {_COLUMNS} columns (path0 path1 rot0 rot1 K0 K1 T_0to1), got {len(words)}")
    try:
        numbers = np.array(words[2:], np.float64)
    except ValueError:
        raise DataError(f"{where}: everything after the two paths must be a number") from None
    if not np.isfinite(numbers).all():
        raise DataError(f"{where}: a number is not finite")
    turns = [int(number) % 4 for number in numbers[:2]]
    matrices = numbers[2:20].reshape(2, 3, 3)
    paths = [root / word for word in words[:2]]
    for file in paths:
        if not file.is_file():
            raise DataError(f"{where}: the image {file} is missing")
    first_camera, second_camera = (_camera(*item, where) for item in zip(paths, matrices, turns, strict=True))
    first_turn, second_turn = (Pose(np.linalg.matrix_power(_QUARTER_TURN, count)) for count in turns)
    T_second_first = second_turn @ pose_from_matrix(numbers[20:].reshape(4, 4), where) @ first_turn.inverse()
    first, second = (DiskImage(word, file, count) for word, file, count in zip(words[:2], paths, turns, strict=True))
    name = f"{words[0]} {words[1]}"
    return ImagePair(name, group, first, second, None, T_second_first, first_camera, second_camera, str(Path(words[0]).parent))


def _camera(path: Path, K: DoubleArray, turns: int, where: str) -> Camera:
    """The camera of the image after it was turned."""
    if not (K[0, 0] > 0 and K[1, 1] > 0) or not np.allclose(K[2], (0, 0, 1)):
        raise DataError(f"{where}: K must be fx 0 cx, 0 fy cy, 0 0 1 with positive focal lengths, got {K.tolist()}")
    width, height = image_size(path)
    fx, fy, cx, cy = (float(K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    for _ in range(turns):  # x' = y, y' = width - 1 - x
        width, height, fx, fy, cx, cy = height, width, fy, fx, cy, width - 1 - cx
    return Camera(width, height, fx, fy, cx, cy)
