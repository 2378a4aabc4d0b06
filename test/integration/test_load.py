"""A node under more load than it can carry, and for longer than anybody watches."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from processes import NodeProcess, Probe
from rclpy.qos import QoSProfile
from scenes import camera_message, header, image_message, texture
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.msg import Matches as MatchesMsg
from superpoint_ros.ros.qos import LATCHED
from superpoint_ros.types import Camera

StartNode = Callable[..., NodeProcess]
FRAMES, WARM_UP = 10_000, 1_000
EVERYTHING = 200
"""Depth of queues in which no image of these tests is lost, so that all can be counted."""


def values(reports: list[DiagnosticArray]) -> dict[str, str]:
    return {pair.key: pair.value for pair in reports[-1].status[0].values}


def test_a_camera_faster_than_the_machine_is_followed_without_a_backlog_and_drops_are_counted(
    start: StartNode, probe: Probe
) -> None:
    everything = (f"qos_overrides./image.subscription.{policy}" for policy in ("reliability:=reliable", f"depth:={EVERYTHING}"))
    settings = [word for setting in everything for word in ("-p", setting)]
    with start("superpoint_node", "-p", "extractor.model:=sift", *settings):
        features = probe.listen(FeaturesMsg, "features")
        reports = probe.listen(DiagnosticArray, "/diagnostics")
        images = probe.publisher(ImageMsg, "image", QoSProfile(depth=EVERYTHING))
        picture = texture(640, 480)
        sent = 120
        for index in range(sent):
            # About a hundred a second, several times what SIFT can do.
            images.publish(image_message(picture, 1.0 + index / 100))
            probe.spin(0.01)
        during = len(features)
        last = header(1.0 + (sent - 1) / 100)
        probe.until(lambda: features and features[-1].header == last, "the newest image", timeout=60.0)
        # One was being worked on and one was waiting: what is behind them was dropped, and not put off.
        assert len(features) - during <= 3
        assert during < sent / 2, "the camera was not too fast for this machine, so the test says nothing"
        stamps = [message.header.stamp.sec * 10**9 + message.header.stamp.nanosec for message in features]
        assert stamps == sorted(set(stamps))
        count = len(reports)
        probe.until(lambda: len(reports) > count + 1, "diagnostics")
        seen = values(reports)
        assert int(seen["received"]) == sent
        assert int(seen["processed"]) == len(features)
        assert int(seen["dropped"]) == sent - len(features)
        assert float(seen["rate [Hz]"]) > 0
        for stage in ("waiting", "decode", "extract", "publish", "total"):
            assert 0 <= float(seen[f"{stage} median [ms]"]) <= float(seen[f"{stage} p99 [ms]"]), stage


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_frames_do_not_grow_the_memory(start: StartNode, probe: Probe) -> None:
    camera = Camera(160, 120, 150.0, 150.0, 79.5, 59.5)
    reliable = "qos_overrides./image.subscription.reliability:=reliable"
    settings = ("extractor.max_keypoints:=200", "extractor.border:=0", "path_length:=50", reliable)
    with start("frontend_node", *(word for setting in settings for word in ("-p", setting))) as node:
        features = probe.listen(FeaturesMsg, "features")
        matches, odometry = probe.listen(MatchesMsg, "matches"), probe.listen(Odometry, "odometry")
        probe.publisher(CameraInfo, "camera_info", LATCHED).publish(camera_message(camera))
        images = probe.publisher(ImageMsg, "image")
        wide = texture(640, 120)
        megabytes = {}
        steps = 0
        for index in range(1, FRAMES + 1):
            left = abs(index % 900 - 450)  # to and fro, so that keyframes come and go
            stamped = image_message(wide[:, left : left + 160].copy(), 1.0 + index / 30)
            images.publish(stamped)
            probe.until(lambda stamped=stamped: features and features[-1].header == stamped.header, f"features of image {index}")
            steps += len(odometry)
            del features[:-1], matches[:], odometry[:]
            if index % WARM_UP == 0:
                megabytes[index] = psutil.Process(node.pid).memory_info().rss / 1e6
                print(f"after {index} frames: {megabytes[index]:.2f} MB", flush=True)
        growth = megabytes[FRAMES] - megabytes[WARM_UP]
        print(f"{FRAMES} frames, {steps} steps of the odometry: {growth:+.2f} MB after the first {WARM_UP}")
        assert steps > FRAMES / 100, "all stages ran"
        assert growth < 10.0, megabytes
