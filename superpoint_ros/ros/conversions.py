"""Messages to types and back, one memory copy per field.

rclpy checks every element of a numpy array that is assigned to a message field (140 ms for 1000 descriptors); it trusts an
``array.array`` of the right type code. So arrays are copied into one of those, and read back without any copy.

Descriptors may be sent smaller. What it costs, for 1000 random unit descriptors of 256 elements (``test_conversions.py``
holds it to that):

=========  ========  ==========================================================  ===================================
type       bytes     a decoded element                                           largest error of a similarity
=========  ========  ==========================================================  ===================================
float32    1024000   exact                                                       0
float16    512000    half precision: 2^-11 of its value                          below 0.0002
int8       256000    1/254 of the largest element of its row; rows are scaled    below 0.005
                     to use all of -127 to 127, and to unit length again
=========  ========  ==========================================================  ===================================
"""

from __future__ import annotations

from array import array
from typing import Any, Literal

import numpy as np
from geometry_msgs.msg import Vector3
from numpy.typing import NDArray
from std_msgs.msg import Header

from superpoint_ros.errors import DataError
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.msg import FeatureTracks as FeatureTracksMsg
from superpoint_ros.msg import Matches as MatchesMsg
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros.rotations import quaternion, rotation_matrix
from superpoint_ros.types import Features, FeatureTracks, Matches, Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus

DescriptorType = Literal["float32", "float16", "int8"]

_TYPE_CODES: dict[Any, str] = {np.uint8: "B", np.uint32: "I", np.uint64: "Q", np.float32: "f"}
_DESCRIPTOR_DTYPES: dict[int, np.dtype[Any]] = {
    FeaturesMsg.DESCRIPTOR_FLOAT32: np.dtype("<f4"),
    FeaturesMsg.DESCRIPTOR_FLOAT16: np.dtype("<f2"),
    FeaturesMsg.DESCRIPTOR_INT8: np.dtype("i1"),
}
_DESCRIPTOR_TYPES: dict[DescriptorType, int] = {
    "float32": FeaturesMsg.DESCRIPTOR_FLOAT32,
    "float16": FeaturesMsg.DESCRIPTOR_FLOAT16,
    "int8": FeaturesMsg.DESCRIPTOR_INT8,
}


def features_to_msg(features: Features, header: Header, descriptor_type: DescriptorType = "float32") -> FeaturesMsg:
    """With the header of the image that the features were found in."""
    message = FeaturesMsg(header=header, model=features.model)
    message.width, message.height = features.image_size
    message.x = _field(features.keypoints[:, 0], np.float32)
    message.y = _field(features.keypoints[:, 1], np.float32)
    message.score = _field(features.scores, np.float32)
    message.descriptor_size = features.descriptors.shape[1]
    message.descriptor_type = _DESCRIPTOR_TYPES[descriptor_type]
    message.descriptors = _field(_pack(features.descriptors, message.descriptor_type), np.uint8)
    return message


def features_from_msg(message: FeaturesMsg) -> Features:
    """Raises DataError where the lengths of the arrays contradict each other or the descriptor type is unknown."""
    count = len(message.x)
    if len(message.y) != count or len(message.score) != count:
        raise DataError(f"features message: x, y and score have {count}, {len(message.y)} and {len(message.score)} elements")
    dtype = _DESCRIPTOR_DTYPES.get(message.descriptor_type)
    if dtype is None:
        raise DataError(f"features message: unknown descriptor_type {message.descriptor_type}")
    expected = count * message.descriptor_size * dtype.itemsize
    if len(message.descriptors) != expected:
        raise DataError(
            f"features message: {len(message.descriptors)} bytes of descriptors; "
            f"{count} x {message.descriptor_size} of {dtype.name} need {expected}"
        )
    packed = np.frombuffer(message.descriptors, dtype).reshape(count, message.descriptor_size)
    return Features(
        keypoints=_columns(message.x, message.y),
        scores=np.frombuffer(message.score, np.float32),
        descriptors=_unpack(packed),
        image_size=(message.width, message.height),
        model=message.model,
    )


def matches_to_msg(
    reference: Features, current: Features, matches: Matches, geometry: TwoViewGeometry, header: Header, reference_header: Header
) -> MatchesMsg:
    """Indices, coordinates and inlier bits of each pair; the headers of the two images."""
    message = MatchesMsg(header=header, reference_header=reference_header, model=current.model)
    message.reference_index = _field(matches.reference_index, np.uint32)
    message.current_index = _field(matches.current_index, np.uint32)
    from_points = reference.keypoints[matches.reference_index]
    to_points = current.keypoints[matches.current_index]
    message.reference_x = _field(from_points[:, 0], np.float32)
    message.reference_y = _field(from_points[:, 1], np.float32)
    message.current_x = _field(to_points[:, 0], np.float32)
    message.current_y = _field(to_points[:, 1], np.float32)
    message.similarity = _field(matches.similarity, np.float32)
    homography = geometry.homography_inliers * np.uint8(MatchesMsg.INLIER_HOMOGRAPHY)
    essential = geometry.essential_inliers * np.uint8(MatchesMsg.INLIER_ESSENTIAL)
    message.inlier = _field(homography | essential, np.uint8)
    return message


def matches_from_msg(message: MatchesMsg) -> Matches:
    """The pairs alone. Raises DataError where the lengths of the arrays contradict each other."""
    count = len(message.reference_index)
    if len(message.current_index) != count or len(message.similarity) != count:
        raise DataError(
            f"matches message: arrays of {count}, {len(message.current_index)} and {len(message.similarity)} elements"
        )
    return Matches(
        reference_index=np.frombuffer(message.reference_index, np.uint32).astype(np.int64),
        current_index=np.frombuffer(message.current_index, np.uint32).astype(np.int64),
        similarity=np.frombuffer(message.similarity, np.float32),
    )


def geometry_to_msg(
    geometry: TwoViewGeometry, header: Header, reference_header: Header, is_keyframe: bool = False
) -> TwoViewGeometryMsg:
    """What is None in the type has its ``has_...`` flag cleared in the message and a neutral value.

    is_keyframe: whether the current image is the reference of the next geometry.
    """
    pose = geometry.T_current_reference
    message = TwoViewGeometryMsg(header=header, reference_header=reference_header, reason=geometry.reason)
    message.status = geometry.status.value
    message.model = geometry.model.value
    message.is_keyframe = is_keyframe
    message.has_homography = geometry.homography is not None
    message.has_essential = geometry.essential is not None
    message.has_rotation = pose is not None
    message.has_translation = pose is not None and bool(np.any(pose.translation))
    message.scale_known = geometry.scale_known
    if geometry.homography is not None:
        message.homography = np.ascontiguousarray(geometry.homography, np.float64).reshape(9)
    if geometry.essential is not None:
        message.essential = np.ascontiguousarray(geometry.essential, np.float64).reshape(9)
    if pose is not None:
        message.rotation = quaternion(pose.rotation)
        x, y, z = pose.translation.tolist()
        message.translation = Vector3(x=x, y=y, z=z)
    if geometry.covariance is not None:
        message.covariance = np.ascontiguousarray(geometry.covariance, np.float64).reshape(36)
    message.match_count = len(geometry.inliers)
    message.homography_inlier_count = int(geometry.homography_inliers.sum())
    message.essential_inlier_count = int(geometry.essential_inliers.sum())
    message.parallax = float(geometry.parallax)
    return message


def geometry_from_msg(message: TwoViewGeometryMsg) -> TwoViewGeometry:
    """The inlier masks have the right length and number of inliers but not their places: those are in the Matches message.

    Raises DataError where status or model are none of the constants of the message.
    """
    try:
        status, model = TwoViewStatus(message.status), TwoViewModel(message.model)
    except ValueError as error:
        raise DataError(f"two_view_geometry message: {error}") from error
    pose = covariance = None
    if message.has_rotation:
        t = message.translation
        pose = Pose(rotation_matrix(message.rotation), np.array([t.x, t.y, t.z]))
        covariance = np.array(message.covariance, np.float64).reshape(6, 6) if np.any(message.covariance) else None
    places = np.arange(message.match_count)
    return TwoViewGeometry(
        status=status,
        model=model,
        reason=message.reason,
        homography_inliers=places < message.homography_inlier_count,
        essential_inliers=places < message.essential_inlier_count,
        homography=np.array(message.homography, np.float64).reshape(3, 3) if message.has_homography else None,
        essential=np.array(message.essential, np.float64).reshape(3, 3) if message.has_essential else None,
        T_current_reference=pose,
        covariance=covariance,
        parallax=message.parallax,
        scale_known=message.scale_known,
    )


def tracks_to_msg(tracks: FeatureTracks, header: Header) -> FeatureTracksMsg:
    """With the header of the image that the tracks were last seen in."""
    message = FeatureTracksMsg(header=header)
    message.id = _field(tracks.id, np.uint64)
    message.x = _field(tracks.pixels[:, 0], np.float32)
    message.y = _field(tracks.pixels[:, 1], np.float32)
    message.normalized_x = _field(tracks.normalized[:, 0], np.float32)
    message.normalized_y = _field(tracks.normalized[:, 1], np.float32)
    message.velocity_x = _field(tracks.velocity[:, 0], np.float32)
    message.velocity_y = _field(tracks.velocity[:, 1], np.float32)
    message.length = _field(tracks.length, np.uint32)
    return message


def tracks_from_msg(message: FeatureTracksMsg) -> FeatureTracks:
    """Raises DataError where the lengths of the arrays contradict each other."""
    count = len(message.id)
    names = ("x", "y", "normalized_x", "normalized_y", "velocity_x", "velocity_y", "length")
    for name in names:
        if len(getattr(message, name)) != count:
            raise DataError(f"tracks message: id has {count} elements and {name} has {len(getattr(message, name))}")
    return FeatureTracks(
        id=np.frombuffer(message.id, np.uint64),
        pixels=_columns(message.x, message.y),
        normalized=_columns(message.normalized_x, message.normalized_y),
        velocity=_columns(message.velocity_x, message.velocity_y),
        length=np.frombuffer(message.length, np.uint32),
    )


def _field(values: NDArray[Any], dtype: type) -> array[Any]:
    """An ``array.array`` that a message field takes without looking at every element."""
    values = np.ascontiguousarray(values, dtype)
    result: array[Any] = array(_TYPE_CODES[dtype])
    if values.size:
        result.frombytes(values.reshape(-1).view(np.uint8).data)
    return result


def _columns(x: array[Any], y: array[Any]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(x, np.float32), np.frombuffer(y, np.float32)], axis=1)


def _pack(descriptors: NDArray[np.float32], descriptor_type: int) -> NDArray[np.uint8]:
    if descriptor_type == FeaturesMsg.DESCRIPTOR_INT8:
        # A row has unit length, so its scale need not be sent, and small elements need not be rounded to a few levels.
        largest = np.abs(descriptors).max(axis=1, keepdims=True, initial=np.float32(1e-9))
        descriptors = np.rint(descriptors * (127.0 / largest))
    return np.ascontiguousarray(descriptors, _DESCRIPTOR_DTYPES[descriptor_type]).reshape(-1).view(np.uint8)


def _unpack(packed: NDArray[Any]) -> NDArray[np.float32]:
    if packed.dtype == np.float32:
        return packed
    descriptors = packed.astype(np.float32)
    if packed.dtype == np.int8:
        descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1.0)
    return descriptors
