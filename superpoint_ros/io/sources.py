"""Opens whatever holds a sequence of images: the layout says what it is."""

from __future__ import annotations

from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.io.euroc import is_euroc, open_euroc
from superpoint_ros.io.frame import Frame, Source
from superpoint_ros.io.image_folder import open_image_folder
from superpoint_ros.io.kitti import is_kitti, open_kitti
from superpoint_ros.io.rosbag import is_rosbag, open_rosbag
from superpoint_ros.io.seven_scenes import is_seven_scenes, open_seven_scenes
from superpoint_ros.io.tum import is_tum, open_tum

__all__ = ["Frame", "Source", "open_source"]

_LAYOUTS = ((is_euroc, open_euroc), (is_kitti, open_kitti), (is_tum, open_tum), (is_seven_scenes, open_seven_scenes))


def is_sequence(path: Path) -> bool:
    """Whether a path holds a rosbag or one of the layouts that are more than a plain folder of images."""
    return is_rosbag(path) or (path.is_dir() and any(is_layout(path) for is_layout, _ in _LAYOUTS))


def open_source(path: Path, topic: str | None = None) -> Source:
    """A rosbag (sqlite3 or mcap), a TUM, KITTI, EuRoC or 7-Scenes layout, or a plain folder of images.

    topic: the image topic of a bag, needed where it has several. Raises DataError where the path holds none of these.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} does not exist; give a rosbag or a folder of images")
    if is_rosbag(path):
        return open_rosbag(path, topic)
    if topic is not None:
        raise DataError(f"{path} is not a rosbag, so it has no topic {topic}")
    if not path.is_dir():
        raise DataError(f"{path} is neither a rosbag (.mcap, .db3) nor a folder")
    for is_layout, open_layout in _LAYOUTS:
        if is_layout(path):
            return open_layout(path)
    return open_image_folder(path)
