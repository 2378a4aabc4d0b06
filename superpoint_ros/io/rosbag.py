"""ROS 2 bags (sqlite3 and mcap, with or without ``metadata.yaml``), and ROS 1 bags; no ROS installation is needed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from superpoint_ros.errors import DataError, ImageError
from superpoint_ros.io.bag_poses import (
    POSE_TYPES,
    TF_TYPE,
    find_transform,
    frame_name,
    pose_of,
    static_transforms,
    tracked_frame,
)
from superpoint_ros.io.camera_info import camera_from_info
from superpoint_ros.io.frame import Frame
from superpoint_ros.io.image_message import decode
from superpoint_ros.io.trajectory import Trajectory, trajectory_from_rows
from superpoint_ros.types import Camera, Pose

_STORAGES = (".mcap", ".db3", ".bag")
_RAW = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
_TAIL = 10 * 10**9
"""Nanoseconds at the end of a bag in which its last image is looked for, before everything is read."""


def is_rosbag(path: Path) -> bool:
    """Whether a path is a bag file, or a folder with ``metadata.yaml`` or bag files."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file() or any(entry.suffix in _STORAGES for entry in path.iterdir())
    return path.suffix in _STORAGES


def open_rosbag(path: Path, topic: str | None = None) -> RosbagSource:
    """The images of one topic; see ``RosbagSource``."""
    return RosbagSource(path, topic)


class RosbagSource:
    """An ``io.Source`` of one image topic, raw or compressed, in the order in which the messages were recorded.

    Stamps are those of the headers; of the recording where a header has none. The camera is the first camera_info beside the
    image topic, or the only one of the bag; a rectified topic (``…/image_rect``) uses its projection matrix. Ground truth is a
    topic of poses with ``ground_truth`` in its name. Poses of another frame than the image's are moved there by ``/tf_static``;
    where it does not lead there, they are no ground truth.
    """

    def __init__(self, path: Path, topic: str | None = None) -> None:
        """topic: needed where the bag has several. Raises DataError for an unreadable bag, no images, or an unclear topic."""
        self._path = path
        with self._open() as reader:
            types = {name: info.msgtype or "" for name, info in reader.topics.items() if info.msgcount}
            self._topic = _choose_topic(path, types, topic)
            self._count = reader.topics[self._topic].msgcount
            self._types = types

    @property
    def name(self) -> str:
        """Name of the bag."""
        return self._path.stem

    @property
    def topic(self) -> str:
        """The image topic."""
        return self._topic

    @cached_property
    def camera(self) -> Camera | None:
        """From the first camera_info; None where the bag has none for this topic."""
        topics = [name for name, kind in self._types.items() if kind == _CAMERA_INFO]
        beside = self._topic.removesuffix("/compressed").rpartition("/")[0] + "/camera_info"
        topic = beside if beside in topics else topics[0] if len(topics) == 1 else None
        if topic is None:
            return None
        info = next(message for message, _ in self._messages(topic))
        height, width = next(iter(self)).image.shape[:2]
        rectified = "rect" in self._topic.removesuffix("/compressed").rpartition("/")[2]
        try:
            camera = camera_from_info(info, (width, height), rectified)
        except DataError as error:
            raise DataError(f"{self._path}, topic {topic}: {error}") from error
        if camera is None:
            raise DataError(f"{self._path}, topic {topic}: not calibrated, the focal length is 0; give the intrinsics in a file")
        return camera

    @cached_property
    def ground_truth(self) -> Trajectory | None:
        """Poses of the camera, where a topic says that it has them."""
        topic = next((name for name in self.pose_topics if "ground_truth" in name), None)
        if topic is None:
            return None
        trajectory, frame = self.poses(topic)
        mounting = self.transform(frame, self.frame_id) if frame else Pose()
        return trajectory.moved(mounting) if mounting is not None else None

    @cached_property
    def frame_id(self) -> str:
        """Frame of the first image; may be empty."""
        return frame_name(next(message for message, _ in self._messages(self._topic)).header.frame_id)

    @cached_property
    def span(self) -> tuple[float, float]:
        """Stamps of the first and the last image, in seconds."""
        first = next(_seconds(*item) for item in self._messages(self._topic))
        with self._open() as reader:
            tail = reader.end_time - _TAIL
        return first, (self._stamps(tail) or self._stamps(None))[-1]

    def _stamps(self, start: int | None) -> list[float]:
        return [_seconds(*item) for item in self._messages(self._topic, start)]

    @property
    def pose_topics(self) -> list[str]:
        """Topics that ``poses`` can read."""
        return sorted(name for name, kind in self._types.items() if kind in POSE_TYPES)

    def poses(self, topic: str) -> tuple[Trajectory, str]:
        """The poses of a topic and the frame that they are of; its name is empty where the messages do not say it.

        Raises DataError where one of them has NaN or is of another frame than the first.
        """
        origin = f"{self._path}, topic {topic}"
        stamps, poses, frames = [], [], set()
        for index, (message, recorded) in enumerate(self._messages(topic)):
            poses.append(pose_of(message, f"{origin}, message {index}"))
            stamps.append(_seconds(message, recorded))
            frames.add(tracked_frame(message))
        if len(frames) != 1:
            raise DataError(f"{origin}: poses of several frames ({', '.join(sorted(frames))}) are no trajectory")
        return trajectory_from_rows(origin, np.array(stamps), poses), frames.pop()

    def transform(self, target: str, source: str) -> Pose | None:
        """``T_target_source`` of two frames by the static transforms of the bag; None where they do not lead there."""
        return find_transform(self._static_transforms, target, source)

    @cached_property
    def _static_transforms(self) -> dict[tuple[str, str], Pose]:
        topics = [name for name, kind in self._types.items() if kind == TF_TYPE and name.endswith("tf_static")]
        return {
            frames: pose
            for topic in topics
            for frames, pose in static_transforms((m for m, _ in self._messages(topic)), f"{self._path}, topic {topic}").items()
        }

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Frame]:
        count = 0
        for index, (message, recorded) in enumerate(self._messages(self._topic)):
            yield self._frame(index, message, recorded)
            count += 1
        self._require_all(count)

    @cached_property
    def stamps(self) -> tuple[float, ...]:
        """Seconds of every frame; no image is decoded for them."""
        return tuple(stamp for stamp, _ in self._index)

    def frames_from(self, index: int) -> Iterator[Frame]:
        """That frame and all after it, without reading those before it."""
        recorded = self._index[index][1]
        before = sum(1 for _, other in self._index[:index] if other == recorded)
        messages = islice(self._messages(self._topic, recorded), before, None)
        return (self._frame(i, message, at) for i, (message, at) in enumerate(messages, index))

    @cached_property
    def _index(self) -> list[tuple[float, int]]:
        """Seconds of each image, and the nanoseconds at which it was recorded."""
        found = [(_seconds(message, recorded), recorded) for message, recorded in self._messages(self._topic)]
        self._require_all(len(found))
        return found

    def _require_all(self, count: int) -> None:
        if count < self._count:
            raise DataError(
                f"the bag {self._path} holds only {count} of {self._count} images of {self._topic}; is a file missing?"
            )

    def _frame(self, index: int, message: Any, recorded: int) -> Frame:
        try:
            image = decode(message)
        except ImageError as error:
            raise DataError(f"{self._path}, topic {self._topic}, message {index}: {error}") from error
        return Frame(index, _seconds(message, recorded), f"{index:06d}", image)

    def _messages(self, topic: str, start: int | None = None) -> Iterator[tuple[Any, int]]:
        """Messages of a topic, from a time of recording on, and the nanoseconds at which they were recorded."""
        with self._open() as reader:
            connections = [connection for connection in reader.connections if connection.topic == topic]
            for connection, recorded, data in reader.messages(connections, start=start):
                yield reader.deserialize(data, connection.msgtype), recorded

    @contextmanager
    def _open(self) -> Generator[AnyReader, None, None]:
        """The open bag; whatever goes wrong in reading it becomes a DataError."""
        paths = [self._path]
        if self._path.is_dir() and not (self._path / "metadata.yaml").is_file():
            paths = sorted(path for path in self._path.iterdir() if path.suffix in _STORAGES)
        try:
            # Bags of sqlite3 before ROS 2 Iron hold no message definitions.
            with AnyReader(paths, default_typestore=get_typestore(Stores.LATEST)) as reader:
                yield reader
        except DataError:
            raise
        except Exception as error:  # damaged files raise whatever the parsers trip over: struct.error, sqlite3.Error, zstd's, …
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"cannot read the bag {self._path}: {reason}; if it was cut off, try `ros2 bag reindex`") from error


def _choose_topic(path: Path, types: dict[str, str], wanted: str | None) -> str:
    images = sorted(name for name, kind in types.items() if kind in (_RAW, _COMPRESSED) and not name.endswith("/compressedDepth"))
    listed = ", ".join(images)
    if not images:
        raise DataError(f"the bag {path} has no images; its topics are {', '.join(sorted(types)) or 'none'}")
    if wanted is not None:
        if wanted not in images:
            raise DataError(f"the bag {path} has no image topic {wanted}; choose one of {listed}")
        return wanted
    # The compressed copy of a raw topic is no second camera.
    cameras = [
        name for name in images if name.removesuffix("/compressed") == name or name.removesuffix("/compressed") not in images
    ]
    if len(cameras) > 1:
        raise DataError(f"the bag {path} has several image topics; choose one: {listed}")
    return cameras[0]


def _seconds(message: Any, recorded: int) -> float:
    stamp = message.header.stamp
    return float(stamp.sec + stamp.nanosec / 1e9) if stamp.sec or stamp.nanosec else recorded / 1e9
