"""A camera that walks through a rendered room: images in; features, matches, geometry and odometry out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest
from nav_msgs.msg import Odometry
from processes import NodeProcess, Probe
from scenes import camera_message, header, image_message
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.msg import FeatureTracks as FeatureTracksMsg
from superpoint_ros.msg import Matches as MatchesMsg
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros.conversions import geometry_from_msg
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import LATCHED
from superpoint_ros.simulation.sequence import SimulatedSequence

StartNode = Callable[..., NodeProcess]
FRAMES = 12
# float32, so that what went through a message is exactly what stayed in one process.
SETTINGS = ("-p", "extractor.model:=sift", "-p", "extractor.max_keypoints:=400", "-p", "descriptor_type:=float32")


@dataclass
class Recording:
    """Everything that one pipeline published."""

    features: list[Any] = field(default_factory=list)
    matches: list[Any] = field(default_factory=list)
    two_view_geometry: list[Any] = field(default_factory=list)
    tracks: list[Any] = field(default_factory=list)
    odometry: list[Any] = field(default_factory=list)
    match_image: list[Any] = field(default_factory=list)


def listen(probe: Probe, namespace: str) -> Recording:
    return Recording(
        probe.listen(FeaturesMsg, f"{namespace}/features"),
        probe.listen(MatchesMsg, f"{namespace}/matches"),
        probe.listen(TwoViewGeometryMsg, f"{namespace}/two_view_geometry"),
        probe.listen(FeatureTracksMsg, f"{namespace}/tracks"),
        probe.listen(Odometry, f"{namespace}/odometry"),
        probe.listen(ImageMsg, f"{namespace}/match_image"),
    )


@pytest.fixture(scope="module")
def sequence() -> SimulatedSequence:
    return SimulatedSequence(frames=FRAMES, seed=1, size=(320, 240), rate=5.0)


@pytest.fixture
def recordings(start: StartNode, probe: Probe, sequence: SimulatedSequence) -> Iterator[tuple[Recording, Recording]]:
    """What three nodes and one node make of the same images, which are played no faster than both can follow."""
    names = ("-r", "image:=/camera/image_raw", "-r", "camera_info:=/camera/camera_info")
    three = [
        start("superpoint_node", *SETTINGS, *names, "-r", "__ns:=/three"),
        start("matcher_node", *names, "-r", "__ns:=/three"),
        start("odometry_node", "-r", "__ns:=/three"),
    ]
    one = start("frontend_node", *SETTINGS, *names, "-r", "__ns:=/one")
    for node in (*three, one):
        node.wait_for_log("ready", 60.0)
    recorded = listen(probe, "/three"), listen(probe, "/one")
    probe.publisher(CameraInfo, "/camera/camera_info", LATCHED).publish(camera_message(sequence.camera))
    images = probe.publisher(ImageMsg, "/camera/image_raw")
    probe.until(lambda: images.get_subscription_count() >= 2, "both pipelines")
    probe.until_heard({"/three/features": 2, "/three/two_view_geometry": 2})
    for k, frame in enumerate(sequence):
        images.publish(image_message(frame.image, frame.stamp, "camera_optical"))
        probe.until(lambda k=k: all(len(r.tracks) == k + 1 for r in recorded), f"results of image {k}")
        probe.spin(0.05)
    probe.spin(0.5)
    yield recorded
    for node in (*three, one):
        assert node.stop() == 0
        assert "bug" not in node.log


def test_three_processes_and_one_give_the_truth_and_the_same(
    recordings: tuple[Recording, Recording], sequence: SimulatedSequence
) -> None:
    three, one = recordings
    stamps = [header(frame.stamp, "camera_optical") for frame in sequence]
    for recorded in recordings:
        # Nothing is lost on the way, and everything carries the stamp and the frame of its image.
        assert [message.header for message in recorded.features] == stamps
        assert [message.header for message in recorded.tracks] == stamps
        assert [message.header for message in recorded.matches] == stamps[1:]
        assert [message.header for message in recorded.two_view_geometry] == stamps[1:]
        assert len(recorded.match_image) >= FRAMES - 3
        assert all(message.reference_header in stamps for message in recorded.two_view_geometry)
        keyframes = [message.header.stamp for message in recorded.two_view_geometry if message.is_keyframe]
        assert [message.header.stamp for message in recorded.odometry] == keyframes
        assert len(keyframes) >= 2
        assert_agrees_with(sequence, recorded.two_view_geometry)
    for name in ("features", "matches", "two_view_geometry", "tracks"):
        for a, b in zip(getattr(three, name), getattr(one, name), strict=True):
            assert a == b, name
    for a, b in zip(three.odometry, one.odometry, strict=True):
        # Rotations went through a quaternion on one of the ways.
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-6, atol=1e-12)


def numbers(message: Odometry) -> list[float]:
    position, turn = message.pose.pose.position, message.pose.pose.orientation
    pose = [position.x, position.y, position.z, turn.x, turn.y, turn.z, turn.w]
    return [*pose, *message.pose.covariance, *message.twist.covariance]


def assert_agrees_with(sequence: SimulatedSequence, messages: list[TwoViewGeometryMsg]) -> None:
    """Keyframe motions are those of the camera: half of them within 0.5 and 5 degrees."""
    ground_truth = sequence.ground_truth
    poses = {nanoseconds(header(stamp).stamp): pose for stamp, pose in zip(ground_truth.stamps, ground_truth.poses, strict=True)}
    rotations, directions = [], []
    for message in messages:
        if message.is_keyframe and message.has_translation:
            current, reference = poses[nanoseconds(message.header.stamp)], poses[nanoseconds(message.reference_header.stamp)]
            truth = current.inverse() @ reference
            found = geometry_from_msg(message).T_current_reference
            assert found is not None
            rotations.append(np.degrees(np.linalg.norm(cv2.Rodrigues(found.rotation.T @ truth.rotation)[0])))
            cosine = found.translation @ truth.translation / np.linalg.norm(truth.translation)
            directions.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    assert np.median(rotations) < 0.5
    assert np.median(directions) < 5.0
