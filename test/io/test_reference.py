"""References in bags: of every message type, of other frames than the camera's, and of no use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from superpoint_ros.errors import DataError
from superpoint_ros.io.reference import open_reference
from superpoint_ros.io.sources import open_source
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.rotations import rotation_to_quaternion
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Pose

STORE = get_typestore(Stores.LATEST)
TRUTH = SimulatedSequence(frames=5, rate=5.0).ground_truth
MOUNTING = Pose(Rotation.from_euler("xyz", [-90, 0, -90], degrees=True).as_matrix(), np.array([0.3, 0.1, 0.5]))
"""T_base_camera."""
BODY = Trajectory(TRUTH.stamps, tuple(pose @ MOUNTING.inverse() for pose in TRUTH.poses))


def make(kind: str, **fields: Any) -> Any:
    return STORE.types[kind](**fields)


def header(stamp: float, frame: str) -> Any:
    nanoseconds = round(stamp * 1e9)
    time = make("builtin_interfaces/msg/Time", sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    return make("std_msgs/msg/Header", stamp=time, frame_id=frame)


def transform(parent: str, child: str, pose: Pose, stamp: float = 0.0) -> Any:
    x, y, z, w = rotation_to_quaternion(pose.rotation).tolist()
    translation = make("geometry_msgs/msg/Vector3", **dict(zip("xyz", pose.translation.tolist(), strict=True)))
    rotation = make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)
    content = make("geometry_msgs/msg/Transform", translation=translation, rotation=rotation)
    kind = "geometry_msgs/msg/TransformStamped"
    return make(kind, header=header(stamp, parent), child_frame_id=child, transform=content)


def pose_message(kind: str, pose: Pose, stamp: float, child: str = "") -> Any:
    if kind == "TransformStamped":
        return transform("world", child, pose, stamp)
    x, y, z, w = rotation_to_quaternion(pose.rotation).tolist()
    position = make("geometry_msgs/msg/Point", **dict(zip("xyz", pose.translation.tolist(), strict=True)))
    content = make(
        "geometry_msgs/msg/Pose", position=position, orientation=make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)
    )
    if kind == "PoseStamped":
        return make("geometry_msgs/msg/PoseStamped", header=header(stamp, "world"), pose=content)
    uncertain = make("geometry_msgs/msg/PoseWithCovariance", pose=content, covariance=np.zeros(36))
    if kind == "PoseWithCovarianceStamped":
        return make("geometry_msgs/msg/PoseWithCovarianceStamped", header=header(stamp, "world"), pose=uncertain)
    zero = make("geometry_msgs/msg/Vector3", x=0.0, y=0.0, z=0.0)
    twist = make("geometry_msgs/msg/Twist", linear=zero, angular=zero)
    still = make("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=np.zeros(36))
    fields = {"header": header(stamp, "world"), "child_frame_id": child, "pose": uncertain, "twist": still}
    return make("nav_msgs/msg/Odometry", **fields)


def messages(topic: str, kind: str, trajectory: Trajectory, child: str = "", later: float = 0.0) -> list[tuple[str, Any]]:
    stamped = zip(trajectory.stamps + later, trajectory.poses, strict=True)
    return [(topic, pose_message(kind, pose, stamp, child)) for stamp, pose in stamped]


@pytest.fixture
def bag(tmp_path: Path) -> Callable[..., Path]:
    """Writes images in the frame ``camera`` at the stamps of TRUTH, and what else is given."""

    def write(*others: tuple[str, Any]) -> Path:
        blank = {"height": 6, "width": 8, "encoding": "mono8", "is_bigendian": 0, "step": 8, "data": np.zeros(48, np.uint8)}
        images = [make("sensor_msgs/msg/Image", header=header(stamp, "camera"), **blank) for stamp in TRUTH.stamps]
        with Writer(tmp_path / "bag", version=8, storage_plugin=StoragePlugin.MCAP) as writer:
            connections: dict[str, Any] = {}
            for topic, message in [*(("/image", image) for image in images), *others]:
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, message.__msgtype__, typestore=STORE)
                writer.write(connections[topic], 1000 * 10**9, STORE.serialize_cdr(message, message.__msgtype__))
        return tmp_path / "bag"

    return write


def static(*transforms: Any) -> tuple[str, Any]:
    return "/tf_static", make("tf2_msgs/msg/TFMessage", transforms=list(transforms))


def assert_is_truth(trajectory: Trajectory) -> None:
    np.testing.assert_allclose(trajectory.stamps, TRUTH.stamps, atol=1e-6)
    for found, true in zip(trajectory.poses, TRUTH.poses, strict=True):
        np.testing.assert_allclose(found.matrix, true.matrix, atol=1e-9)


KINDS = ("Odometry", "PoseStamped", "PoseWithCovarianceStamped", "TransformStamped")


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_type(bag: Callable[..., Path], kind: str) -> None:
    reference = open_reference("/pose", open_source(bag(*messages("/pose", kind, TRUTH, "camera"))))
    assert_is_truth(reference.trajectory)
    says_its_frame = kind in ("Odometry", "TransformStamped")
    assert ("taken to be those of the camera" in reference.note) == (not says_its_frame)


def test_poses_of_the_robot_are_moved_to_the_camera_over_several_transforms(bag: Callable[..., Path]) -> None:
    """base_link -> mast is known, and camera -> mast, that is the other way round."""
    mast = Pose(np.eye(3), np.array([0.0, 0.0, 0.4]))
    chain = static(transform("base_link", "mast", mast)), static(transform("/camera", "mast", MOUNTING.inverse() @ mast))
    source = open_source(bag(*messages("/odom", "Odometry", BODY, "base_link"), *chain))
    reference = open_reference("/odom", source)
    assert_is_truth(reference.trajectory)
    assert reference.note == ""


def test_a_frame_may_be_named_where_the_message_and_the_file_do_not(bag: Callable[..., Path], tmp_path: Path) -> None:
    poses = messages("/mocap", "PoseStamped", BODY)
    source = open_source(bag(*poses, static(transform("base_link", "camera", MOUNTING))))
    BODY.write_tum(tmp_path / "body.tum")
    for wanted in ("/mocap", str(tmp_path / "body.tum")):
        named = open_reference(wanted, source, "base_link")
        assert named.note == ""
        np.testing.assert_allclose(named.trajectory.poses[2].matrix, TRUTH.poses[2].matrix, atol=1e-6)
        assert "nothing says whose poses" in open_reference(wanted, source).note


def test_without_a_transform_the_frames_are_taken_to_be_the_same_and_it_is_said(bag: Callable[..., Path]) -> None:
    source = open_source(bag(*messages("/odom", "Odometry", BODY, "base_link"), static(transform("base_link", "arm", MOUNTING))))
    reference = open_reference("/odom", source)
    assert "base_link" in reference.note
    assert "no /tf_static in the bag leads from there to camera" in reference.note
    np.testing.assert_allclose(reference.trajectory.poses[1].matrix, BODY.poses[1].matrix, atol=1e-9)


def test_ground_truth_of_another_frame_needs_a_transform(bag: Callable[..., Path]) -> None:
    odometry = messages("/ground_truth", "Odometry", BODY, "base_link")
    source = open_source(bag(*odometry, static(transform("base_link", "camera", MOUNTING))))
    assert source.ground_truth is not None
    assert_is_truth(source.ground_truth)
    assert_is_truth(open_reference(None, source).trajectory)


def test_ground_truth_that_cannot_be_moved_to_the_camera_is_none(bag: Callable[..., Path]) -> None:
    source = open_source(bag(*messages("/ground_truth", "Odometry", BODY, "base_link")))
    assert source.ground_truth is None
    with pytest.raises(DataError, match=r"bag has no ground truth.*its pose topics are /ground_truth"):
        open_reference(None, source)


def bad(index: int, pose: Pose) -> list[tuple[str, Any]]:
    poses = list(TRUTH.poses)
    poses[index] = pose
    return messages("/odom", "Odometry", Trajectory(TRUTH.stamps, tuple(poses)), "camera")


@pytest.mark.parametrize(
    ("others", "wanted", "words"),
    [
        (messages("/odom", "Odometry", TRUTH, "camera"), "/odometry", "/odometry is neither a file nor a pose topic.*are /odom$"),
        (messages("/odom", "Odometry", TRUTH, "camera"), "/image", "neither a file nor a pose topic of the bag"),
        ([], "/odom", "the bag has no pose topics"),
        ([], None, "has no ground truth, so a reference is needed"),
        (bad(3, Pose(np.eye(3), np.array([0, np.nan, 0]))), "/odom", "topic /odom, message 3: .*NaN"),
        (messages("/odom", "Odometry", TRUTH, "camera")[:2], "/odom", r"/odom has 2 pose\(s\), at least 3"),
        (
            messages("/odom", "Odometry", TRUTH, "camera", later=1e6),
            "/odom",
            "do not overlap in time: it covers 1001000.000 to 1001000.800 s, they cover 1000.000 to 1000.800 s",
        ),
        (
            [*messages("/odom", "Odometry", TRUTH, "camera"), *messages("/odom", "Odometry", TRUTH, "base_link")],
            "/odom",
            r"poses of several frames \(base_link, camera\)",
        ),
    ],
)
def test_references_of_no_use_are_refused(bag: Callable[..., Path], others: Any, wanted: str | None, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        open_reference(wanted, open_source(bag(*others)))
    assert "\n" not in str(caught.value)


def test_other_sources_have_neither_topics_nor_transforms(tmp_path: Path) -> None:
    sequence = SimulatedSequence(frames=5, rate=5.0)
    TRUTH.write_tum(tmp_path / "truth.tum")
    assert open_reference(str(tmp_path / "truth.tum"), sequence).note == ""
    with pytest.raises(DataError, match=r"cannot read the reference /odom: there is no such file, and simulation-0 is no bag"):
        open_reference("/odom", sequence)
    with pytest.raises(DataError, match="no /tf_static that leads from base_link"):
        open_reference(str(tmp_path / "truth.tum"), sequence, "base_link")
    with pytest.raises(DataError, match="needs a reference"):
        open_reference(None, sequence, "base_link")
