"""Writes a sequence as a ROS 2 bag; no ROS installation is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError
from rosbags.typesys import Stores, get_typestore

from superpoint_ros.errors import DataError
from superpoint_ros.io.frame import Frame, Source
from superpoint_ros.rotations import rotation_to_quaternion
from superpoint_ros.types import Camera, Pose

_STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
_BAG_VERSION: Literal[8] = 8
_OPTICAL_FRAME = "camera_optical_frame"


def write_bag(
    sequence: Source,
    path: Path,
    *,
    storage: Literal["mcap", "sqlite3"] = "mcap",
    compressed: bool = False,
    namespace: str = "camera",
    baseline: float = 0.0,
) -> None:
    """Write a new bag (a folder) with ``/NAMESPACE/image``, ``/camera_info`` and ``/ground_truth`` (nav_msgs/Odometry).

    sequence: any source of mono8 or rgb8 images. compressed: ``image/compressed`` (PNG, lossless) instead of raw images.
    baseline: metres from the left camera, for the camera_info of the right one of a stereo pair.
    Poses are those of the optical frame in the frame ``world``. Messages are recorded at the times of their headers.
    Raises DataError where the path exists already.
    """
    messages = _Messages(namespace.strip("/"), compressed, sequence.camera, baseline)
    try:
        with Writer(path, version=_BAG_VERSION, storage_plugin=_STORAGES[storage]) as writer:
            connections: dict[str, Any] = {}
            for frame in sequence:
                pose = sequence.ground_truth.at(frame.stamp) if sequence.ground_truth else None
                for topic, message in messages.of_frame(frame, pose):
                    kind = message.__msgtype__
                    if topic not in connections:
                        connections[topic] = writer.add_connection(topic, kind, typestore=messages.typestore)
                    data = messages.typestore.serialize_cdr(message, kind)
                    writer.write(connections[topic], round(frame.stamp * 1e9), data)
    except WriterError as error:
        raise DataError(f"cannot write the bag {path}: {error}") from None


class _Messages:
    """Makes the messages of a frame."""

    def __init__(self, namespace: str, compressed: bool, camera: Camera | None, baseline: float) -> None:
        self.typestore = get_typestore(Stores.LATEST)
        self._prefix = f"/{namespace}" if namespace else ""
        self._frame_id = f"{namespace}_optical_frame" if namespace else _OPTICAL_FRAME
        self._compressed = compressed
        self._camera = camera
        self._baseline = baseline

    def of_frame(self, frame: Frame, pose: Pose | None) -> list[tuple[str, Any]]:
        """Topics and messages, the camera_info before its image."""
        nanoseconds = round(frame.stamp * 1e9)
        stamp = self._make("builtin_interfaces/msg/Time", sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
        header = self._make("std_msgs/msg/Header", stamp=stamp, frame_id=self._frame_id)
        messages = []
        if self._camera is not None:
            messages.append((f"{self._prefix}/camera_info", self._camera_info(header, self._camera)))
        if pose is not None:
            world = self._make("std_msgs/msg/Header", stamp=stamp, frame_id="world")
            messages.append((f"{self._prefix}/ground_truth", self._odometry(world, pose)))
        image = self._compressed_image(header, frame) if self._compressed else self._raw_image(header, frame)
        messages.append((f"{self._prefix}/image" + ("/compressed" if self._compressed else ""), image))
        return messages

    def _make(self, kind: str, **fields: Any) -> Any:
        return self.typestore.types[kind](**fields)

    def _raw_image(self, header: Any, frame: Frame) -> Any:
        image = frame.image
        colour, bits = "mono" if image.ndim == 2 else "rgb", 8 * image.dtype.itemsize
        return self._make(
            "sensor_msgs/msg/Image",
            header=header,
            height=image.shape[0],
            width=image.shape[1],
            encoding=f"{colour}{bits}",
            is_bigendian=0,
            step=image.shape[1] * image.itemsize * (1 if image.ndim == 2 else 3),
            data=np.ascontiguousarray(image).view(np.uint8).ravel(),
        )

    def _compressed_image(self, header: Any, frame: Frame) -> Any:
        image = frame.image if frame.image.ndim == 2 else cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".png", image)
        return self._make("sensor_msgs/msg/CompressedImage", header=header, format="png", data=data.ravel())

    def _camera_info(self, header: Any, camera: Camera) -> Any:
        projection = np.column_stack((camera.matrix, (-camera.fx * self._baseline, 0.0, 0.0)))
        region = self._make("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
        return self._make(
            "sensor_msgs/msg/CameraInfo",
            header=header,
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob" if camera.model == "pinhole" else camera.model,
            d=np.array(camera.distortion or (0.0,) * 5),
            k=camera.matrix.ravel(),
            r=np.eye(3).ravel(),
            p=projection.ravel(),
            binning_x=0,
            binning_y=0,
            roi=region,
        )

    def _odometry(self, header: Any, pose: Pose) -> Any:
        x, y, z, w = rotation_to_quaternion(pose.rotation)
        position = self._make("geometry_msgs/msg/Point", **dict(zip("xyz", pose.translation.tolist(), strict=True)))
        turn = self._make("geometry_msgs/msg/Quaternion", x=float(x), y=float(y), z=float(z), w=float(w))
        zero = self._make("geometry_msgs/msg/Vector3", x=0.0, y=0.0, z=0.0)
        return self._make(
            "nav_msgs/msg/Odometry",
            header=header,
            child_frame_id=self._frame_id,
            pose=self._make(
                "geometry_msgs/msg/PoseWithCovariance",
                pose=self._make("geometry_msgs/msg/Pose", position=position, orientation=turn),
                covariance=np.zeros(36),
            ),
            twist=self._make(
                "geometry_msgs/msg/TwistWithCovariance",
                twist=self._make("geometry_msgs/msg/Twist", linear=zero, angular=zero),
                covariance=np.zeros(36),
            ),
        )
