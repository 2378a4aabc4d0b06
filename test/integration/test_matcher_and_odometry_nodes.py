"""matcher_node and odometry_node as processes, fed with the features of a synthetic world whose motion is known exactly."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry, Path
from processes import NodeProcess, Probe
from rclpy.qos import DurabilityPolicy, QoSProfile
from scenes import camera_message, header, image_message, texture
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMsg
from std_srvs.srv import Trigger

from superpoint_ros.io.image_message import decode
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.msg import FeatureTracks as FeatureTracksMsg
from superpoint_ros.msg import Matches as MatchesMsg
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros.conversions import features_to_msg, geometry_from_msg, tracks_from_msg
from superpoint_ros.ros.rotations import rotation_matrix
from superpoint_ros.types import Camera, Features, Pose

StartNode = Callable[..., NodeProcess]
CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STAMP = 1_700_000_000.25
"""Today's clocks: a stamp that single precision would round by a minute."""

RNG = np.random.default_rng(0)
POINTS = RNG.uniform((-6, -4, 4), (6, 4, 14), (600, 3))
DESCRIPTORS = RNG.standard_normal((600, 64)).astype(np.float32)
DESCRIPTORS /= np.linalg.norm(DESCRIPTORS, axis=1, keepdims=True)


def world_camera(k: int) -> Pose:
    """The pose of the k-th image: 0.4 m ahead and 0.3 m to the right per step, turning left by 2 degrees."""
    rotation = cv2.Rodrigues(np.array([0.0, np.radians(-2.0 * k), 0.0]))[0]
    return Pose(rotation, np.array([0.3 * k, 0.0, 0.4 * k]))


def features(k: int, model: str = "synthetic:1", size: tuple[int, int] = (640, 480)) -> Features:
    """What an ideal detector sees from there, to a fifth of a pixel."""
    pose = world_camera(k).inverse()
    seen = POINTS @ pose.rotation.T + pose.translation
    pixels = seen[:, :2] / seen[:, 2:] * 500.0 + (319.5, 239.5) + np.random.default_rng(k).normal(0, 0.2, (len(seen), 2))
    visible = (seen[:, 2] > 1) & (pixels > 0).all(axis=1) & (pixels < (639, 479)).all(axis=1)
    return Features(
        pixels[visible].astype(np.float32), np.ones(int(visible.sum()), np.float32), DESCRIPTORS[visible], size, model
    )


def message(k: int, seconds: float, **changes: object) -> FeaturesMsg:
    return features_to_msg(features(k, **changes), header(seconds))


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Degrees between two rotations."""
    return float(np.degrees(np.linalg.norm(cv2.Rodrigues(a.T @ b)[0])))


def test_matches_geometry_and_tracks_of_a_known_motion(start: StartNode, probe: Probe) -> None:
    # Every image becomes a keyframe, so that each result is compared with the image before.
    settings = ("-p", "keyframes.policy:=every_frame", "-r", "__ns:=/front")
    # Published once, before anybody listens.
    info = probe.publisher(CameraInfo, "/front/camera_info", LATCHED, wait=False)
    info.publish(camera_message(CAMERA))
    with start("matcher_node", *settings) as node:
        probe.until(lambda: info.get_subscription_count() == 2, "the second subscriber, which asks for what was said before")
        matches, geometries = (
            probe.listen(MatchesMsg, "/front/matches"),
            probe.listen(TwoViewGeometryMsg, "/front/two_view_geometry"),
        )
        tracks, pictures = probe.listen(FeatureTracksMsg, "/front/tracks"), probe.listen(ImageMsg, "/front/match_image")
        reports = probe.listen(DiagnosticArray, "/diagnostics")
        inputs = probe.publisher(FeaturesMsg, "/front/features")
        inputs.publish(message(0, STAMP))
        probe.until(lambda: tracks, "tracks of the first image")
        images = probe.publisher(ImageMsg, "/front/image")
        images.publish(image_message(texture(640, 480), STAMP + 0.1))
        probe.spin(0.3)
        inputs.publish(message(1, STAMP + 0.1))
        probe.until(lambda: matches and geometries and len(tracks) == 2 and pictures, "results of the second image")

        assert geometries[0].header == matches[0].header == tracks[1].header == pictures[0].header == header(STAMP + 0.1)
        assert geometries[0].reference_header == matches[0].reference_header == header(STAMP)
        assert geometries[0].is_keyframe
        geometry = geometry_from_msg(geometries[0])
        truth = world_camera(1).inverse() @ world_camera(0)
        assert geometry.T_current_reference is not None
        assert angle(geometry.T_current_reference.rotation, truth.rotation) < 0.3
        direction = truth.translation / np.linalg.norm(truth.translation)
        assert np.degrees(np.arccos(geometry.T_current_reference.translation @ direction)) < 2.0
        assert np.trace(geometry.covariance[:3, :3]) > 0
        assert geometries[0].essential_inlier_count == sum(bit & MatchesMsg.INLIER_ESSENTIAL != 0 for bit in matches[0].inlier)
        followed = tracks_from_msg(tracks[1])
        assert (followed.length == 2).sum() > 100
        expected = (followed.pixels - (319.5, 239.5)) / 500.0
        np.testing.assert_allclose(followed.normalized, expected, atol=1e-5)
        assert decode(pictures[0]).shape == (480, 640, 3)
        assert "camera_info" not in node.log
        count = len(reports)
        probe.until(lambda: len(reports) > count + 1, "diagnostics")
        told = {pair.key: pair.value for pair in reports[-1].status[0].values}
        match, geometry_time, whole = (float(told[f"{stage} p99 [ms]"]) for stage in ("match", "geometry", "front end"))
        assert 0 < match < whole
        assert 0 < geometry_time < whole


def test_camera_info_that_is_missing_empty_or_of_another_size(start: StartNode, probe: Probe) -> None:
    with start("matcher_node", "-p", "keyframes.policy:=every_frame") as node:
        geometries = probe.listen(TwoViewGeometryMsg, "two_view_geometry")
        inputs = probe.publisher(FeaturesMsg, "features")
        infos = probe.publisher(CameraInfo, "camera_info")
        sent = iter(range(100))

        def next_status() -> int:
            before = len(geometries)
            k = next(sent)
            inputs.publish(message(k % 3, STAMP + 0.1 * k))
            probe.until(lambda: len(geometries) > before, "geometry")
            assert geometries[-1].has_homography
            return int(geometries[-1].status)

        short = camera_message(CAMERA)
        short.d = [0.1, 0.2, 0.3]
        inputs.publish(message(next(sent), STAMP))
        node.wait_for_log("no camera_info on /camera_info so far; homographies only")
        assert next_status() == TwoViewGeometryMsg.STATUS_NO_CAMERA
        for camera, complaint in [
            (CameraInfo(width=640, height=480), "/camera_info is not calibrated"),
            (short, "coefficients, got 3"),
            (
                camera_message(Camera(1280, 960, 1000.0, 1000.0, 639.5, 479.5)),
                "for images of 1280x960 pixels but the image has 640x480",
            ),
        ]:
            infos.publish(camera)
            probe.spin(0.3)
            assert next_status() == TwoViewGeometryMsg.STATUS_NO_CAMERA
            node.wait_for_log(complaint)
        binned = camera_message(Camera(1280, 960, 1000.0, 1000.0, 639.5, 479.5))
        binned.binning_x = binned.binning_y = 2
        infos.publish(binned)
        probe.spin(0.3)
        assert next_status() == TwoViewGeometryMsg.STATUS_OK
        assert node.log.count("so far") == 1
        # Nobody looks at match_image, so nobody needs the images.
        assert probe.node.count_subscribers("/image") == 0


def test_strange_features_are_named_and_the_next_good_ones_are_matched(start: StartNode, probe: Probe) -> None:
    with start("matcher_node", "-p", "keyframes.policy:=every_frame") as node:
        matches = probe.listen(MatchesMsg, "matches")
        inputs = probe.publisher(FeaturesMsg, "features")

        def matched(first: FeaturesMsg, second: FeaturesMsg) -> None:
            inputs.publish(first)
            probe.spin(0.2)
            inputs.publish(second)
            probe.until(lambda: matches and matches[-1].header == second.header, "matches")
            assert len(matches[-1].reference_index) > 100

        matched(message(0, STAMP), message(1, STAMP + 1))
        inputs.publish(message(2, STAMP + 2, model="another:2"))
        node.wait_for_log("the model changed from 'synthetic:1' to 'another:2'")
        inputs.publish(message(2, STAMP + 3, model="another:2", size=(800, 600)))
        node.wait_for_log("the image size changed from 640x480 to 800x600")
        contradictory = message(2, STAMP + 4)
        contradictory.descriptor_size += 1
        inputs.publish(contradictory)
        node.wait_for_log("bytes of descriptors")
        inputs.publish(message(0, STAMP - 5))
        node.wait_for_log("time jumped back by 9.000 s")
        matched(message(0, STAMP - 4), message(1, STAMP - 3))
        assert probe.set_parameter("/matcher_node", "matcher.min_similarity", 0.99).successful
        refused = probe.set_parameter("/matcher_node", "matcher.ratio", 0.0)
        assert (refused.successful, "greater than 0" in refused.reason) == (False, True)
        assert probe.call(Trigger, "/matcher_node/reset", Trigger.Request()).success
        matched(message(1, STAMP - 2), message(2, STAMP - 1))
        assert min(matches[-1].similarity) >= 0.99
        assert "bug" not in node.log


def test_odometry_follows_a_known_motion(start: StartNode, probe: Probe) -> None:
    matcher = start("matcher_node", "-p", "keyframes.policy:=every_frame")
    step = float(np.hypot(0.3, 0.4))
    frames = ("-p", "odom_frame:=world", "-p", "base_frame:=robot", "-p", f"odometry.step_length:={step}")
    odometer = start("odometry_node", *frames)
    with matcher, odometer:
        # Latched: nodes that have just started get it whenever they find the probe.
        probe.publisher(CameraInfo, "camera_info", LATCHED).publish(camera_message(CAMERA))
        poses, paths = probe.listen(Odometry, "odometry"), probe.listen(Path, "path")
        probe.listen(TwoViewGeometryMsg, "two_view_geometry")
        inputs = probe.publisher(FeaturesMsg, "features")
        probe.until_heard({"features": 1, "two_view_geometry": 2})
        for k in range(6):
            inputs.publish(message(k, STAMP + 0.5 * k))
            probe.until(lambda k=k: len(poses) == len(paths) == k, f"odometry of image {k}")
        last = poses[-1]
        assert last.header == header(STAMP + 2.5, "world")
        assert last.child_frame_id == "robot"
        # The camera looks along x of the robot, its right is -y: 2 m ahead, 1.5 m to the right, turned left by 10 degrees.
        position = last.pose.pose.position
        np.testing.assert_allclose([position.x, position.y, position.z], [2.0, -1.5, 0.0], atol=0.15)
        rotation = rotation_matrix(last.pose.pose.orientation)
        expected = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(10.0)]))[0]
        assert angle(rotation, expected) < 0.5
        assert last.twist.twist.angular.z == pytest.approx(np.radians(4.0), abs=0.01)
        assert np.hypot(last.twist.twist.linear.x, last.twist.twist.linear.y) == pytest.approx(2 * step, rel=1e-3)
        covariances = np.array([p.pose.covariance.reshape(6, 6) for p in poses])
        assert (np.linalg.eigvalsh(covariances) > -1e-9).all()
        assert (np.diff(np.trace(covariances, axis1=1, axis2=2)) > 0).all()
        assert [len(path.poses) for path in paths] == [1, 2, 3, 4, 5]
        # The matcher forgets its reference, and with it half a second of motion: the pose goes on from the last one.
        assert probe.call(Trigger, "/matcher_node/reset", Trigger.Request()).success
        for k in (6, 7):
            inputs.publish(message(k, STAMP + 0.5 * k))
            probe.spin(0.2)
        probe.until(lambda: len(poses) == len(paths) == 6, "odometry after a reset of the matcher")
        odometer.wait_for_log("the motion of 0.500 s between two keyframes is not known")
        after = poses[-1].pose.pose.position
        assert np.hypot(after.x - position.x, after.y - position.y) == pytest.approx(step, abs=0.02)
        assert probe.set_parameter("/odometry_node", "path_length", 2).successful
        assert not probe.set_parameter("/odometry_node", "base_frame", "other").successful
        inputs.publish(message(8, STAMP + 4.0))
        probe.until(lambda: len(poses) == len(paths) == 7, "odometry after a change of parameters")
        assert [pose.pose.position for pose in paths[-1].poses] == [after, poses[-1].pose.pose.position]
        latest = poses[-1].pose.pose.position
        assert np.hypot(latest.x - after.x, latest.y - after.y) == pytest.approx(step, abs=0.02)
        # Time starts again, then there is nothing to see: nothing is published rather than nonsense.
        inputs.publish(message(0, STAMP - 100))
        inputs.publish(message(1, STAMP - 99))
        odometer.wait_for_log("time jumped back")
        probe.until(lambda: len(poses) == len(paths) == 8, "odometry after time jumped back")
        assert len(paths[-1].poses) == 1
        empty = message(2, STAMP - 98)
        nothing = Features(
            np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros((0, 64), np.float32), (640, 480), empty.model
        )
        inputs.publish(features_to_msg(nothing, empty.header))
        odometer.wait_for_log("no motion from two_view_geometry")
        assert len(poses) == 8
