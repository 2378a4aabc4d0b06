"""What was heard while a sequence was played through the nodes: the file that goes from a recorder to the evaluation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError

CAMERA_FRAME = "camera_optical"
"""frame_id of the images that are played."""


@dataclass(frozen=True)
class Heard:
    """One message. stamp: of its image, in nanoseconds. at: when it arrived (an image: left), monotonic clock in seconds."""

    stamp: int
    at: float


@dataclass(frozen=True)
class HeardFeatures(Heard):
    """A Features message: how many keypoints."""

    keypoints: int
    model: str


@dataclass(frozen=True)
class HeardMatches(Heard):
    """A Matches message.

    inlier: a digit per match, the bits of the message: 1 homography, 2 essential matrix. points: x, y in the reference and x, y
    in the current image of each match, in pixels; empty where they were left out to save space.
    """

    reference_stamp: int
    inlier: str
    points: list[list[float]]

    def inliers(self, bit: int) -> NDArray[np.bool_]:
        """(M,) whether each match agrees with the homography (bit 1) or the essential matrix (bit 2)."""
        digits = np.frombuffer(self.inlier.encode("ascii"), np.uint8) - ord("0")
        return np.asarray(digits & bit, bool)


@dataclass(frozen=True)
class HeardGeometry(Heard):
    """A TwoViewGeometry message. rotation (3x3) and translation of T_current_reference, None where the message has none."""

    reference_stamp: int
    status: int
    model: int
    reason: str
    is_keyframe: bool
    parallax: float
    rotation: list[list[float]] | None
    translation: list[float] | None


@dataclass(frozen=True)
class HeardPose(Heard):
    """An Odometry message: where the camera is, as translation and rotation (3x3) of T_odom_camera."""

    rotation: list[list[float]]
    translation: list[float]


@dataclass
class Recording:
    """Everything, in the order of arrival.

    probe_period: seconds that a frame took before the rate was chosen. pauses: how often the clock stood still afterwards.
    """

    probe_period: float = 0.0
    pauses: int = 0
    images: list[Heard] = field(default_factory=list)
    features: list[HeardFeatures] = field(default_factory=list)
    matches: list[HeardMatches] = field(default_factory=list)
    geometries: list[HeardGeometry] = field(default_factory=list)
    poses: list[HeardPose] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Recording:
        """Raises DataError where the file is missing or is no recording."""
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            for name, kind in _KINDS.items():
                values[name] = [kind(**item) for item in values[name]]
            return Recording(**values)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path} is no recording of nodes: {error}") from error


_KINDS: dict[str, type[Heard]] = {
    "images": Heard,
    "features": HeardFeatures,
    "matches": HeardMatches,
    "geometries": HeardGeometry,
    "poses": HeardPose,
}


def seconds(stamp: int) -> float:
    """A stamp in nanoseconds as the very float that a bag gives its frame, so that the two compare equal."""
    return float(stamp // 10**9 + stamp % 10**9 / 1e9)


def nanoseconds(stamp: float) -> int:
    """A stamp in seconds as the integer that ROS messages carry, in whole microseconds.

    In seconds since 1970 a float is exact to a quarter of a microsecond. Without the rounding, a stamp that went through a float
    and back would not be found again.
    """
    return round(stamp * 1e6) * 1000
