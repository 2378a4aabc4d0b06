"""One camera: chain two-view motions into a trajectory."""

from __future__ import annotations

from superpoint_ros.config import OdometryConfig
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewStatus


class MonocularOdometry:
    """The pose of the camera in a world frame that is the camera frame of the first reference image.

    A single camera does not show how far it moved: every step between keyframes gets the length ``step_length`` if it is given,
    and unit length (with ``scale_known`` False) otherwise, so that only rotations and the directions of steps mean something.
    """

    def __init__(self, config: OdometryConfig = OdometryConfig()) -> None:
        self._step = config.step_length or 1.0
        self.scale_known = config.step_length > 0.0
        self.pose = Pose()
        """T_world_camera of the last keyframe."""
        self.failures = 0
        """Keyframes so far that could not be connected to the one before; the trajectory goes on from the last pose."""

    def reset(self) -> None:
        """Start anew at the origin."""
        self.pose = Pose()
        self.failures = 0

    def update(self, geometry: TwoViewGeometry, *, is_keyframe: bool = True) -> Pose | None:
        """T_world_camera of the current image of the geometry, whose reference must be the last keyframe.

        is_keyframe: whether the current image is the reference of the next geometry. Between keyframes only the rotation is known
        (how far along its step the camera is, is not), hence such an image has no pose and changes nothing.

        NO_MOTION leaves the pose as it is, PURE_ROTATION turns it on the spot. Returns None where the motion is unknown: then the
        pose stays where it was, and a keyframe counts as a failure.
        """
        if not is_keyframe:
            return None
        if geometry.T_current_reference is None or geometry.status not in _CHAINABLE:
            self.failures += 1
            return None
        step = geometry.T_current_reference
        length = 1.0 if geometry.scale_known else self._step
        self.pose = self.pose @ Pose(step.rotation, step.translation * length).inverse()
        return self.pose


_CHAINABLE = (TwoViewStatus.OK, TwoViewStatus.AMBIGUOUS_PLANE, TwoViewStatus.PURE_ROTATION, TwoViewStatus.NO_MOTION)
