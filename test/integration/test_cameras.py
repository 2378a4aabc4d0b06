"""Several cameras in one superpoint_node: each is served as if it were alone, and what waits shares the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from processes import NodeProcess, Probe
from rclpy.qos import QoSProfile
from scenes import header, image_message, texture
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.ros.conversions import features_from_msg
from superpoint_ros.types import Features

StartNode = Callable[..., NodeProcess]
CAMERAS = ("left", "right")
EVERYTHING = 200
"""Depth of queues in which no image of these tests is lost, so that all can be counted."""
SEEDS = 3


def settings(weights: Path) -> list[str]:
    """Two cameras, and every image comes into the node."""
    chosen = [f"extractor.model:={weights}", "extractor.max_keypoints:=100", "cameras:=[left, right]", "descriptor_type:=float32"]
    for camera in CAMERAS:
        topic = f"qos_overrides./{camera}/image.subscription"
        chosen += [f"{topic}.reliability:=reliable", f"{topic}.depth:={EVERYTHING}"]
    return [word for value in chosen for word in ("-p", value)]


def statuses(probe: Probe, reports: list[DiagnosticArray]) -> dict[str, DiagnosticStatus]:
    """By the camera, from a report that was made after this call."""
    count = len(reports)
    probe.until(lambda: len(reports) > count + 1, "diagnostics")
    return {status.name.removeprefix("superpoint_node: ").removesuffix("/features"): status for status in reports[-1].status}


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def seconds(message: FeaturesMsg) -> float:
    return float(message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec)


def same(received: FeaturesMsg, expected: Features) -> None:
    """But for the rounding that depends on how many images are in a pass."""
    found = features_from_msg(received)
    assert (found.model, found.image_size) == (expected.model, expected.image_size)
    np.testing.assert_allclose(found.keypoints, expected.keypoints, atol=0.01)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    np.testing.assert_allclose(found.descriptors, expected.descriptors, atol=1e-3)


def test_cameras_faster_than_the_machine_share_the_network_and_each_keeps_its_own(
    start: StartNode, probe: Probe, weights: Path
) -> None:
    pictures = {(camera, seed): texture(seed=seed + 10 * index) for index, camera in enumerate(CAMERAS) for seed in range(SEEDS)}
    with start("superpoint_node", *settings(weights)):
        features = {camera: probe.listen(FeaturesMsg, f"{camera}/features") for camera in CAMERAS}
        reports = probe.listen(DiagnosticArray, "/diagnostics")
        images = {camera: probe.publisher(ImageMsg, f"{camera}/image", QoSProfile(depth=EVERYTHING)) for camera in CAMERAS}
        sent = 60
        for k in range(sent):
            for camera in CAMERAS:
                images[camera].publish(image_message(pictures[camera, k % SEEDS], 1.0 + k, f"{camera}_eye"))
            probe.spin(0.002)
        for camera in CAMERAS:
            probe.until(lambda camera=camera: features[camera] and seconds(features[camera][-1]) == sent, "the newest image")
        told = statuses(probe, reports)
    assert set(told) == set(CAMERAS)
    superpoint = SuperPoint.load(str(weights), max_keypoints=100)
    expected = {key: superpoint.extract(picture) for key, picture in pictures.items()}
    for camera in CAMERAS:
        stamps = [seconds(message) for message in features[camera]]
        assert stamps == sorted(set(stamps))
        for message, stamp in zip(features[camera], stamps, strict=True):
            assert message.header == header(stamp, f"{camera}_eye")
            same(message, expected[camera, int(stamp - 1.0) % SEEDS])
        seen = values(told[camera])
        assert int(seen["received"]) == sent
        assert int(seen["processed"]) == len(stamps)
        assert int(seen["dropped"]) == sent - len(stamps)
        assert 0 < int(seen["shared the network"]) <= len(stamps)
        assert float(seen["extract median [ms]"]) > 0


def test_neither_waits_for_the_other_and_nothing_is_done_for_nobody(start: StartNode, probe: Probe, weights: Path) -> None:
    with start("superpoint_node", *settings(weights), "-r", "right/image:=right/image_raw") as node:
        left = probe.listen(FeaturesMsg, "left/features")
        reports = probe.listen(DiagnosticArray, "/diagnostics")
        images = {"left": probe.publisher(ImageMsg, "left/image"), "right": probe.publisher(ImageMsg, "right/image_raw")}
        for k in range(5):  # the right camera is silent
            images["left"].publish(image_message(texture(), 1.0 + k))
            probe.until(lambda k=k: len(left) > k, "features of the left camera")
        told = statuses(probe, reports)
        assert told["right"].message == "nothing received yet"
        for k in range(5):  # nobody listens to it
            images["right"].publish(image_message(texture(), 1.0 + k))
            probe.spin(0.05)
        seen = values(statuses(probe, reports)["right"])
        assert (seen["received"], seen["processed"]) == ("5", "0")
        assert int(seen["skipped without subscribers"]) + int(seen["dropped"]) == 5
        right = probe.listen(FeaturesMsg, "right/features")
        damaged = image_message(texture(), 10.0)
        damaged.step = 1
        for k in range(3):  # a damaged image costs the other camera nothing
            images["left"].publish(damaged)
            images["right"].publish(image_message(texture(160, 120), 20.0 + k))
            probe.until(lambda k=k: len(right) > k, "features of the right camera")
        node.wait_for_log("left: ")
        assert [(message.width, message.height) for message in right] == [(160, 120)] * 3
        # A mask that does not fit its camera costs that camera its features, and the other one nothing.
        probe.publisher(ImageMsg, "left/mask").publish(image_message(texture(32, 32), 30.0))
        probe.spin(0.3)
        for k in range(3):
            for camera in CAMERAS:
                images[camera].publish(image_message(texture(), 40.0 + k))
            probe.until(lambda k=k: len(right) > 3 + k, "features beside a mask that does not fit")
        node.wait_for_log("mask")
        assert len(left) == 5
        assert "bug" not in node.log
