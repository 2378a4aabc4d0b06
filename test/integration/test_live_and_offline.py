"""A bag that is played slowly to live nodes, and the same bag without them: every frame comes out the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from processes import NodeProcess, Probe
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMsg
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.config import Config
from superpoint_ros.evaluation.frames import FrameRecord
from superpoint_ros.io.recording import Recording
from superpoint_ros.io.rosbag import open_rosbag
from superpoint_ros.msg import FeatureTracks as FeatureTracksMsg
from superpoint_ros.replay.live import evaluate_recording
from superpoint_ros.replay.outputs import metrics
from superpoint_ros.replay.result import ReplayResult
from superpoint_ros.replay.runner import replay
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence

StartNode = Callable[..., NodeProcess]
FRAMES = 14
CONFIG = Config.model_validate({"extractor": {"model": "sift", "max_keypoints": 400}})
TOPICS = ("-r", "image:=/camera/image", "-r", "camera_info:=/camera/camera_info")


def first_image_came_through(tracks: list[FeatureTracksMsg], recorder: NodeProcess) -> bool:
    """Whether the probe and the recorder have heard all that an image without a predecessor brings."""
    return bool(tracks) and all(f"hears {topic}\n" in recorder.log for topic in ("image", "features", "tracks"))


@pytest.fixture
def played(start: StartNode, probe: Probe, tmp_path: Path) -> tuple[Path, Path]:
    """A bag, and the recording of three nodes to which it was played, each image when the one before had come through."""
    bag, recording = tmp_path / "walk", tmp_path / "recorded" / "recording.json"
    write_bag(SimulatedSequence(frames=FRAMES, seed=1, size=(320, 240), rate=5.0), bag)
    one_frame = ("-p", "base_frame:=camera", "-p", "camera_frame:=camera")
    settings = ("-p", "extractor.model:=sift", "-p", "extractor.max_keypoints:=400")
    nodes = [
        start("superpoint_node", *settings, *TOPICS),
        start("matcher_node", *TOPICS),
        start("odometry_node", *one_frame),
        start("recorder_node", "-p", f"output:={recording}", *TOPICS),
    ]
    for node in nodes:
        node.wait_for_log("ready", 60.0)
    tracks = probe.listen(FeatureTracksMsg, "/tracks")
    images = probe.publisher(ImageMsg, "/camera/image", wait=False)
    infos = probe.publisher(CameraInfo, "/camera/camera_info")
    probe.until(lambda: images.get_subscription_count() == 2, "superpoint_node and recorder_node")
    probe.until_heard({"features": 2, "matches": 1, "two_view_geometry": 2, "tracks": 2, "odometry": 1})
    deadline = time.monotonic() + 60.0
    with AnyReader([bag]) as reader:
        for connection, _, data in reader.messages():
            if connection.topic == "/camera/camera_info":
                infos.publish(deserialize_message(data, CameraInfo))
                probe.spin(0.1)
            elif connection.topic == "/camera/image":
                image = deserialize_message(data, ImageMsg)
                images.publish(image)
                # Nodes that are up may not have found each other yet: the first image is shown until everybody has heard of it.
                while not first_image_came_through(tracks, nodes[-1]) and time.monotonic() < deadline:
                    probe.spin(3.0)
                    if not first_image_came_through(tracks, nodes[-1]):
                        images.publish(image)
                probe.until(lambda image=image: tracks[-1].header == image.header, f"tracks of {image.header}")
    assert nodes[-1].stop() == 0
    assert f"{FRAMES} frames" in nodes[-1].log
    return bag, recording


def assert_same_frames(live: ReplayResult, offline: ReplayResult) -> None:
    for a, b in zip(live.records, offline.records, strict=True):
        assert (a.stamp, a.keypoints) == (b.stamp, b.keypoints)
        assert_same_geometry(a, b)
    assert [(p.reference_stamp, p.stamp) for p in live.pairs] == [(p.reference_stamp, p.stamp) for p in offline.pairs]


def assert_same_geometry(a: FrameRecord, b: FrameRecord) -> None:
    """Descriptors travelled as float16: of hundreds of matches, one or two may be others."""
    assert (a.geometry is None) == (b.geometry is None)
    if a.geometry is None or b.geometry is None:
        return
    assert a.matches == pytest.approx(b.matches, rel=0.02)
    assert a.inliers == pytest.approx(b.inliers, rel=0.05)
    assert a.geometry.status == b.geometry.status
    found, expected = a.geometry.T_current_reference, b.geometry.T_current_reference
    if found is not None and expected is not None:
        np.testing.assert_allclose(found.rotation, expected.rotation, atol=2e-3)
        np.testing.assert_allclose(found.translation, expected.translation, atol=0.05)


def test_live_nodes_and_offline_replay_agree_on_every_frame(played: tuple[Path, Path], tmp_path: Path) -> None:
    bag, recording = played
    source = open_rosbag(bag)
    live, offline = evaluate_recording(Recording.read(recording), source), replay(source, CONFIG)
    assert (live.frames, live.played, live.warnings) == (FRAMES, FRAMES, ())
    assert len(live.pairs) >= 3
    assert_same_frames(live, offline)
    assert live.trajectory.stamps.tolist() == offline.trajectory.stamps.tolist()
    for a, b in zip(live.trajectory.poses, offline.trajectory.poses, strict=True):
        np.testing.assert_allclose(a.matrix, b.matrix, atol=0.1)
    assert live.stages.keys() == {"to features", "to geometry"}
    assert len(live.stages["to features"]) >= FRAMES

    arguments = ["replay", str(bag), "--recording", str(recording), "--evaluate", "--reference", "/camera/ground_truth"]
    called = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "out")])
    assert called.exit_code == 0, called.output
    written, expected = json.loads((tmp_path / "out" / "metrics.json").read_text()), metrics(offline)
    assert written["geometry"] == expected["geometry"]
    for name, digits in (("rotation_error_deg", 0.05), ("direction_error_deg", 0.5)):
        assert written["pairs"][name]["median"] == pytest.approx(expected["pairs"][name]["median"], abs=digits)
    assert written["trajectory"]["ape_percent"] == pytest.approx(expected["trajectory"]["ape_percent"], abs=1.0)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == min(4, len(live.pairs))


def test_a_recording_of_nodes_that_heard_nothing_is_refused(tmp_path: Path, start: StartNode) -> None:
    bag, recording = tmp_path / "walk", tmp_path / "recording.json"
    write_bag(SimulatedSequence(frames=3, size=(64, 48)), bag)
    recorder = start("recorder_node", "-p", f"output:={recording}")
    recorder.wait_for_log("ready", 60.0)
    assert recorder.stop() == 0
    called = CliRunner().invoke(app, ["replay", str(bag), "--recording", str(recording), "-o", str(tmp_path / "out")])
    assert called.exit_code == 2
    assert "the nodes published no features for 0 image(s)" in called.stderr


def test_a_recording_that_cannot_be_written_is_said_at_the_start(tmp_path: Path, start: StartNode) -> None:
    (tmp_path / "file").write_text("")
    recorder = start("recorder_node", "-p", f"output:={tmp_path / 'file' / 'recording.json'}")
    assert recorder.wait() == 2
    assert "cannot write the recording" in recorder.log
