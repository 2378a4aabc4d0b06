"""TUM RGB-D: ``rgb.txt`` lists stamps and images, ``groundtruth.txt`` has the poses; or images named by their time beside it."""

from __future__ import annotations

import re
from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.io.image_folder import ImageSequence, camera_beside, images_in, time_of_name
from superpoint_ros.io.images import image_size
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Camera

# The data set's own web page publishes these for the colour camera of each of its three sensors: fx, fy, cx, cy, distortion.
_PUBLISHED = {
    "1": (517.3, 516.5, 318.6, 255.3, (0.2624, -0.9531, -0.0054, 0.0026, 1.1633)),
    "2": (520.9, 521.0, 325.1, 249.7, (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
    "3": (535.4, 539.2, 320.1, 247.6, ()),
}


def is_tum(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / "rgb.txt").is_file() or (folder / "groundtruth.txt").is_file()


def open_tum(folder: Path) -> ImageSequence:
    """Intrinsics are those of ``camera.yaml``, else the published ones where the folder's name has fr1, fr2, fr3 or freiburgN."""
    if (folder / "rgb.txt").is_file():
        stamps, files = _read_list(folder / "rgb.txt")
    else:
        files = images_in(folder)
        named = [time_of_name(file) for file in files]
        stamps = tuple(stamp for stamp in named if stamp is not None)
        if len(stamps) < len(files):
            raise DataError(
                f"{folder} has no rgb.txt, so every image must be named by its time; {files[named.index(None)].name} is not"
            )
    truth = folder / "groundtruth.txt"
    ground_truth = Trajectory.read_tum(truth) if truth.is_file() else None
    camera = camera_beside(folder) or _published_camera(folder.resolve().name, files[0])
    return ImageSequence(folder.name, files, stamps, camera, ground_truth)


def _read_list(path: Path) -> tuple[tuple[float, ...], tuple[Path, ...]]:
    rows = [line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    try:
        stamps, files = tuple(float(row[0]) for row in rows), tuple(path.parent / row[1] for row in rows)
    except (ValueError, IndexError):
        raise DataError(f"{path}: every line must be a time in seconds and the path of an image") from None
    if not files:
        raise DataError(f"{path} lists no images")
    return stamps, files


def _published_camera(name: str, image: Path) -> Camera | None:
    sensor = re.search(r"(?:fr|freiburg)([123])(?!\d)", name)
    if sensor is None:
        return None
    width, height = image_size(image)
    fx, fy, cx, cy, distortion = _PUBLISHED[sensor[1]]
    return Camera(width, height, fx, fy, cx, cy, "plumb_bob" if distortion else "pinhole", distortion)
