"""Messages and types are the same thing, and messages survive serialization."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from superpoint_ros.errors import DataError
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros import conversions
from superpoint_ros.types import Features, FeatureTracks, Matches, Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus


def header(frame: str = "camera") -> Header:
    made = Header(frame_id=frame)
    made.stamp.sec, made.stamp.nanosec = 12, 345678901
    return made


def features(count: int = 50, size: int = 256) -> Features:
    rng = np.random.default_rng(count)
    descriptors = rng.standard_normal((count, size)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    keypoints = (rng.random((count, 2)) * (640, 480)).astype(np.float32)
    return Features(keypoints, rng.random(count).astype(np.float32), descriptors, (640, 480), "small:1a2b3c4d")


def over_the_wire(message: Any) -> Any:
    return deserialize_message(serialize_message(message), type(message))


@pytest.mark.parametrize("count", [0, 1, 50])
def test_features_float32_are_exact(count: int) -> None:
    sent = features(count)
    message = over_the_wire(conversions.features_to_msg(sent, header()))
    assert message.header == header()
    received = conversions.features_from_msg(message)
    np.testing.assert_array_equal(received.keypoints, sent.keypoints)
    np.testing.assert_array_equal(received.scores, sent.scores)
    np.testing.assert_array_equal(received.descriptors, sent.descriptors)
    assert (received.image_size, received.model) == (sent.image_size, sent.model)


@pytest.mark.parametrize(("kind", "size", "loss"), [("float16", 512000, 0.0002), ("int8", 256000, 0.005)])
def test_small_descriptors_lose_what_is_documented(kind: Any, size: int, loss: float) -> None:
    sent = features(1000)
    message = over_the_wire(conversions.features_to_msg(sent, header(), kind))
    received = conversions.features_from_msg(message)
    assert len(message.descriptors) == size
    error = np.abs(received.descriptors @ received.descriptors.T - sent.descriptors @ sent.descriptors.T).max()
    assert 0 < error < loss
    np.testing.assert_allclose(np.linalg.norm(received.descriptors, axis=1), 1, atol=1e-3)


def test_int8_is_exact_for_binary_descriptors() -> None:
    rng = np.random.default_rng(0)
    bits = np.where(rng.random((20, 256)) < 0.5, np.float32(-1 / 16), np.float32(1 / 16))
    sent = Features(np.zeros((20, 2), np.float32), np.zeros(20, np.float32), bits, (8, 8), "orb")
    received = conversions.features_from_msg(conversions.features_to_msg(sent, header(), "int8"))
    np.testing.assert_allclose(received.descriptors, bits, atol=1e-7)


def test_int8_survives_a_zero_descriptor() -> None:
    zero = Features(np.zeros((1, 2), np.float32), np.zeros(1, np.float32), np.zeros((1, 8), np.float32), (8, 8), "m")
    received = conversions.features_from_msg(conversions.features_to_msg(zero, header(), "int8"))
    np.testing.assert_array_equal(received.descriptors, 0)


def test_fields_are_arrays_that_rclpy_takes_without_looking() -> None:
    message = conversions.features_to_msg(features(), header())
    for name, code in (("x", "f"), ("y", "f"), ("score", "f"), ("descriptors", "B")):
        assert isinstance(getattr(message, name), array)
        assert getattr(message, name).typecode == code


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"y": array("f", [1.0])}, "x, y and score have 50, 1 and 50"),
        ({"descriptors": array("B", [1, 2])}, "2 bytes of descriptors; 50 x 256 of float32 need 51200"),
        ({"descriptor_type": 9}, "unknown descriptor_type 9"),
        ({"descriptor_size": 128}, "50 x 128"),
    ],
)
def test_contradictory_features_are_refused(spoil: dict[str, Any], words: str) -> None:
    message = conversions.features_to_msg(features(), header())
    for name, value in spoil.items():
        setattr(message, name, value)
    with pytest.raises(DataError, match=words):
        conversions.features_from_msg(message)


def geometry(**changes: Any) -> TwoViewGeometry:
    angle = 0.3
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    values: dict[str, Any] = {
        "status": TwoViewStatus.OK,
        "model": TwoViewModel.ESSENTIAL,
        "reason": "parallax is large",
        "homography_inliers": np.array([True, False, False]),
        "essential_inliers": np.array([True, True, False]),
        "homography": np.arange(9.0).reshape(3, 3),
        "essential": np.arange(9.0, 18.0).reshape(3, 3),
        "T_current_reference": Pose(rotation, np.array([0.6, 0.0, -0.8])),
        "covariance": np.arange(36.0).reshape(6, 6),
        "parallax": 2.5,
    }
    return TwoViewGeometry(**(values | changes))


def test_matches_carry_indices_coordinates_and_inliers() -> None:
    reference, current = features(50), features(40)
    sent = Matches(np.array([3, 1, 49]), np.array([0, 39, 7]), np.array([0.9, 0.8, 0.7], np.float32))
    message = over_the_wire(conversions.matches_to_msg(reference, current, sent, geometry(), header("now"), header("then")))
    assert (message.header.frame_id, message.reference_header.frame_id, message.model) == ("now", "then", current.model)
    received = conversions.matches_from_msg(message)
    np.testing.assert_array_equal(received.reference_index, sent.reference_index)
    np.testing.assert_array_equal(received.current_index, sent.current_index)
    np.testing.assert_array_equal(received.similarity, sent.similarity)
    assert list(message.reference_x) == reference.keypoints[[3, 1, 49], 0].tolist()
    assert list(message.current_y) == current.keypoints[[0, 39, 7], 1].tolist()
    assert list(message.inlier) == [3, 2, 0]


def test_contradictory_matches_are_refused() -> None:
    message = conversions.matches_to_msg(
        features(5), features(5), Matches(np.arange(3), np.arange(3), np.ones(3, np.float32)), geometry(), header(), header()
    )
    message.similarity = array("f", [1.0])
    with pytest.raises(DataError, match="arrays of 3, 3 and 1"):
        conversions.matches_from_msg(message)


def test_geometry_comes_back() -> None:
    sent = geometry()
    message = over_the_wire(conversions.geometry_to_msg(sent, header("now"), header("then")))
    assert (message.header.frame_id, message.reference_header.frame_id) == ("now", "then")
    assert (message.match_count, message.homography_inlier_count, message.essential_inlier_count) == (3, 1, 2)
    assert message.has_rotation
    assert message.has_translation
    received = conversions.geometry_from_msg(message)
    assert (received.status, received.model, received.reason) == (sent.status, sent.model, sent.reason)
    np.testing.assert_array_equal(received.homography, sent.homography)
    np.testing.assert_array_equal(received.essential, sent.essential)
    np.testing.assert_array_equal(received.covariance, sent.covariance)
    np.testing.assert_allclose(received.T_current_reference.matrix, sent.T_current_reference.matrix, atol=1e-12)
    assert int(received.inliers.sum()) == 2
    assert received.parallax == 2.5


@pytest.mark.parametrize("status", list(TwoViewStatus))
def test_statuses_and_models_are_the_constants_of_the_message(status: TwoViewStatus) -> None:
    assert getattr(TwoViewGeometryMsg, f"STATUS_{status.name}") == status.value
    for model in TwoViewModel:
        assert getattr(TwoViewGeometryMsg, f"MODEL_{model.name}") == model.value


def test_geometry_without_anything() -> None:
    nothing = np.zeros(0, bool)
    sent = TwoViewGeometry(TwoViewStatus.TOO_FEW_MATCHES, TwoViewModel.NONE, "no matches", nothing, nothing)
    message = over_the_wire(conversions.geometry_to_msg(sent, header(), header()))
    assert not any((message.has_homography, message.has_essential, message.has_rotation, message.has_translation))
    received = conversions.geometry_from_msg(message)
    assert received.T_current_reference is None
    assert received.homography is None
    assert received.essential is None
    assert received.covariance is None
    assert np.isnan(received.parallax)


def test_a_pose_without_covariance_stays_without() -> None:
    message = conversions.geometry_to_msg(geometry(covariance=None), header(), header())
    assert conversions.geometry_from_msg(message).covariance is None


def test_rotation_without_direction_has_no_translation() -> None:
    sent = geometry(status=TwoViewStatus.PURE_ROTATION, T_current_reference=Pose())
    message = conversions.geometry_to_msg(sent, header(), header())
    assert message.has_rotation
    assert not message.has_translation


def test_geometry_with_an_unknown_status_is_refused() -> None:
    message = conversions.geometry_to_msg(geometry(), header(), header())
    message.status = 99
    with pytest.raises(DataError, match="99 is not a valid TwoViewStatus"):
        conversions.geometry_from_msg(message)


def test_tracks_come_back() -> None:
    rng = np.random.default_rng(0)
    pixels, normalized, velocity = rng.random((3, 4, 2)).astype(np.float32)
    sent = FeatureTracks(np.array([1, 2**63, 5, 9], np.uint64), pixels, normalized, velocity, np.array([1, 2, 3, 4], np.uint32))
    message = over_the_wire(conversions.tracks_to_msg(sent, header()))
    received = conversions.tracks_from_msg(message)
    for name in ("id", "pixels", "normalized", "velocity", "length"):
        np.testing.assert_array_equal(getattr(received, name), getattr(sent, name))
    message.length = array("I", [1])
    with pytest.raises(DataError, match="length has 1"):
        conversions.tracks_from_msg(message)
