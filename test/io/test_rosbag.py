"""Bags are written with the rosbags library, message by message, so that each can be wrong in its own way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from superpoint_ros.errors import DataError
from superpoint_ros.io.rosbag import RosbagSource
from superpoint_ros.io.sources import open_source
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence

STORE = get_typestore(Stores.LATEST)
SEQUENCE = SimulatedSequence(frames=4, size=(64, 48), seed=3)


def make(kind: str, **fields: Any) -> Any:
    return STORE.types[kind](**fields)


def header(seconds: float, frame: str = "camera") -> Any:
    stamp = make("builtin_interfaces/msg/Time", sec=int(seconds), nanosec=round(seconds % 1 * 1e9))
    return make("std_msgs/msg/Header", stamp=stamp, frame_id=frame)


def image(seconds: float, value: int = 0, encoding: str = "mono8") -> Any:
    data = np.full(48, value, np.uint8)
    kind = "sensor_msgs/msg/Image"
    return make(kind, header=header(seconds), height=6, width=8, encoding=encoding, is_bigendian=0, step=8, data=data)


def camera_info(focal: float, model: str = "plumb_bob", d: tuple[float, ...] = (0.1, 0.0, 0.0, 0.0, 0.0), **changes: Any) -> Any:
    roi = make("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    k = np.array([focal, 0, 4, 0, focal, 3, 0, 0, 1.0])
    p = np.array([focal / 2, 0, 4, 0, 0, focal / 2, 3, 0, 0, 0, 1.0, 0])
    message = make(
        "sensor_msgs/msg/CameraInfo",
        header=header(1.0),
        height=6,
        width=8,
        distortion_model=model,
        d=np.array(d),
        k=k,
        r=np.eye(3).ravel(),
        p=p,
        binning_x=0,
        binning_y=0,
        roi=roi,
    )
    return dataclasses.replace(message, **changes)


def write(path: Path, *messages: tuple[str, float, Any]) -> Path:
    """Write (topic, time of recording, message)."""
    with Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connections: dict[str, Any] = {}
        for topic, recorded, message in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, message.__msgtype__, typestore=STORE)
            writer.write(connections[topic], round(recorded * 1e9), STORE.serialize_cdr(message, message.__msgtype__))
    return path


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_simulated_bag_gives_back_the_sequence(tmp_path: Path, storage: Any, compressed: bool) -> None:
    write_bag(SEQUENCE, tmp_path / "bag", storage=storage, compressed=compressed)
    source = open_source(tmp_path / "bag")
    assert len(source) == 4
    assert source.camera == SEQUENCE.camera
    for _ in range(2):  # a source can be read again
        for read, frame in zip(source, SEQUENCE, strict=True):
            np.testing.assert_array_equal(read.image, frame.image)
            assert (read.index, read.stamp) == (frame.index, pytest.approx(frame.stamp, abs=1e-6))
    assert source.ground_truth is not None
    for read, frame in zip(source.ground_truth.poses, SEQUENCE.ground_truth.poses, strict=True):
        np.testing.assert_allclose(read.matrix, frame.matrix, atol=1e-9)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_without_metadata(tmp_path: Path, storage: Any) -> None:
    write_bag(SEQUENCE, tmp_path / "bag", storage=storage)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    file = next((tmp_path / "bag").iterdir())
    for path in (tmp_path / "bag", file):
        assert sum(1 for _ in open_source(path)) == 4


def test_a_bag_is_not_overwritten(tmp_path: Path) -> None:
    write_bag(SEQUENCE, tmp_path / "bag")
    with pytest.raises(DataError, match="bag"):
        write_bag(SEQUENCE, tmp_path / "bag")


def test_the_topic_is_asked_for_where_there_are_several(tmp_path: Path) -> None:
    bag = write(tmp_path / "bag", ("/left/image", 1, image(1)), ("/right/image", 1, image(1, 9)))
    with pytest.raises(DataError, match="/left/image, /right/image"):
        open_source(bag)
    with pytest.raises(DataError, match="no image topic /up/image; choose one of /left/image, /right/image"):
        open_source(bag, "/up/image")
    assert next(iter(open_source(bag, "/right/image"))).image[0, 0] == 9


def test_the_compressed_copy_is_no_second_camera(tmp_path: Path) -> None:
    copy = make("sensor_msgs/msg/CompressedImage", header=header(1), format="png", data=np.zeros(3, np.uint8))
    bag = write(tmp_path / "bag", ("/image/compressed", 1, copy), ("/image", 1, image(1, 7)))
    assert next(iter(open_source(bag))).image[0, 0] == 7


def test_order_is_that_of_the_recording_and_stamps_those_of_the_headers(tmp_path: Path) -> None:
    bag = write(tmp_path / "bag", ("/image", 5, image(2.5, 1)), ("/image", 6, image(2.25, 2)), ("/image", 7, image(0, 3)))
    frames = list(open_source(bag))
    assert [frame.image[0, 0] for frame in frames] == [1, 2, 3]
    assert [frame.stamp for frame in frames] == [2.5, 2.25, 7.0]


def test_the_camera_is_the_one_beside_the_image(tmp_path: Path) -> None:
    infos = (("/a/camera_info", 1, camera_info(50)), ("/b/camera_info", 1, camera_info(70)))
    bag = write(
        tmp_path / "bag", *infos, ("/b/image_raw", 1, image(1)), ("/b/image_rect", 1, image(1)), ("/c/image", 1, image(1))
    )
    raw = open_source(bag, "/b/image_raw").camera
    assert raw is not None
    assert (raw.fx, raw.model, raw.distortion[0]) == (70.0, "plumb_bob", 0.1)
    rectified = open_source(bag, "/b/image_rect").camera
    assert rectified is not None
    assert (rectified.fx, rectified.model) == (35.0, "pinhole")
    assert open_source(bag, "/c/image").camera is None


def test_frames_can_be_read_from_any_of_them_on(tmp_path: Path) -> None:
    """Also where several were recorded at one time, as a driver does that had to wait for the disk."""
    times = ((5, 1.0), (6, 1.5), (6, 2.0), (6, 2.5), (7, 3.0))
    bag = write(tmp_path / "bag", *(("/image", at, image(stamp, round(10 * stamp))) for at, stamp in times))
    source = open_source(bag)
    assert isinstance(source, RosbagSource)
    assert source.stamps == (1.0, 1.5, 2.0, 2.5, 3.0)
    for start in (3, 0, 4):
        frames = list(source.frames_from(start))
        assert [frame.index for frame in frames] == list(range(start, 5))
        assert [int(frame.image[0, 0]) for frame in frames] == [round(10 * stamp) for _, stamp in times[start:]]


@pytest.mark.parametrize(("info", "text"), [(camera_info(0), "focal length"), (camera_info(50, "bubble"), "bubble")])
def test_a_useless_camera_info_is_named(tmp_path: Path, info: Any, text: str) -> None:
    source = open_source(write(tmp_path / "bag", ("/image", 1, image(1)), ("/camera_info", 1, info)))
    with pytest.raises(DataError, match=text):
        _ = source.camera


def test_a_camera_info_for_another_size_and_a_part_of_the_sensor(tmp_path: Path) -> None:
    other = write(tmp_path / "other", ("/image", 1, image(1)), ("/camera_info", 1, camera_info(50, width=640)))
    with pytest.raises(DataError, match="topic /camera_info: camera_info is for images of 640x6 pixels but the image has 8x6"):
        _ = open_source(other).camera
    region = make("sensor_msgs/msg/RegionOfInterest", x_offset=2, y_offset=4, height=12, width=16, do_rectify=False)
    part = camera_info(50, width=64, height=48, roi=region, binning_x=2, binning_y=2)
    camera = open_source(write(tmp_path / "part", ("/image", 1, image(1)), ("/camera_info", 1, part))).camera
    assert camera is not None
    assert (camera.width, camera.height, camera.fx, camera.cx) == (8, 6, 25.0, (4 - 2 + 0.5) / 2 - 0.5)


def test_float_images(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    message = dataclasses.replace(image(1), height=3, width=4, step=16, encoding="32FC1", data=values.view(np.uint8).ravel())
    np.testing.assert_array_equal(next(iter(open_source(write(tmp_path / "bag", ("/image", 1, message))))).image, values)


def test_a_bag_of_ros_1(tmp_path: Path) -> None:
    """Its camera_info has K, P and D instead of k, p and d."""
    store = get_typestore(Stores.ROS1_NOETIC)
    stamp = store.types["builtin_interfaces/msg/Time"](sec=3, nanosec=0)
    top = store.types["std_msgs/msg/Header"](seq=0, stamp=stamp, frame_id="camera")
    info = camera_info(50)
    fields = {name if name not in ("k", "p", "d", "r") else name.upper(): value for name, value in vars(info).items()}
    fields |= {"header": top, "roi": store.types["sensor_msgs/msg/RegionOfInterest"](**vars(info.roi))}
    pixels = store.types["sensor_msgs/msg/Image"](**vars(image(3, 9)) | {"header": top})
    with Writer1(tmp_path / "old.bag") as writer:
        for topic, message in (("/camera_info", store.types["sensor_msgs/msg/CameraInfo"](**fields)), ("/image", pixels)):
            connection = writer.add_connection(topic, message.__msgtype__, typestore=store)
            writer.write(connection, 3 * 10**9, store.serialize_ros1(message, message.__msgtype__))
    source = open_source(tmp_path / "old.bag")
    (frame,) = source
    assert (frame.stamp, frame.image[0, 0]) == (3.0, 9)
    assert source.camera is not None
    assert (source.camera.fx, source.camera.model) == (50.0, "plumb_bob")


def test_a_bag_without_images(tmp_path: Path) -> None:
    bag = write(tmp_path / "bag", ("/camera_info", 1, camera_info(50)))
    with pytest.raises(DataError, match="has no images; its topics are /camera_info"):
        open_source(bag)
    with pytest.raises(DataError, match="its topics are none"):
        open_source(write(tmp_path / "empty"))


def test_unknown_encodings_and_damaged_images_are_named(tmp_path: Path) -> None:
    bag = write(tmp_path / "bag", ("/image", 1, image(1)), ("/image", 2, image(2, encoding="hsv8")))
    frames = iter(open_source(bag))
    next(frames)
    with pytest.raises(DataError, match="message 1: unknown image encoding 'hsv8'"):
        next(frames)
    damaged = make("sensor_msgs/msg/CompressedImage", header=header(1), format="png", data=np.zeros(30, np.uint8))
    with pytest.raises(DataError, match="message 0"):
        list(open_source(write(tmp_path / "damaged", ("/image/compressed", 1, damaged))))


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.7, 0.9])
@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_truncated_bag_gives_one_line(tmp_path: Path, storage: Any, metadata: bool, part: float) -> None:
    """Whatever was lost: whole frames may come first, then one line that names the bag."""
    write_bag(SEQUENCE, tmp_path / "bag", storage=storage)
    file = next(file for file in (tmp_path / "bag").iterdir() if file.suffix != ".yaml")
    file.write_bytes(file.read_bytes()[: int(part * file.stat().st_size)])
    if not metadata:
        (tmp_path / "bag" / "metadata.yaml").unlink()
    with pytest.raises(DataError, match="bag") as caught:
        list(open_source(tmp_path / "bag"))
    assert "\n" not in str(caught.value)


def test_a_bag_with_fewer_images_than_it_promises(tmp_path: Path) -> None:
    metadata = write(tmp_path / "bag", ("/image", 1, image(1)), ("/image", 2, image(2))) / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("message_count: 2", "message_count: 5"))
    with pytest.raises(DataError, match="2 of 5 images"):
        list(open_source(tmp_path / "bag"))


def test_damaged_metadata(tmp_path: Path) -> None:
    write_bag(SEQUENCE, tmp_path / "bag")
    for content in ("", "nothing: 1\n", "[1, 2"):
        (tmp_path / "bag" / "metadata.yaml").write_text(content)
        with pytest.raises(DataError, match="cannot read the bag"):
            open_source(tmp_path / "bag")
