"""The types that every layer speaks.

Conventions, everywhere in this package: a keypoint at (0, 0) is the centre of the top-left pixel; x points right, y down.
Camera frames are optical (x right, y down, z forward; REP 103). A pose named ``T_a_b`` maps points of frame b into frame a.
All arrays are C-contiguous and are not modified after construction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Image = NDArray[np.generic]
"""HxW or HxWx3 (RGB order), uint8, uint16 or floating point in [0, 1]."""


def _require(array: np.ndarray, name: str, shape: tuple[int | None, ...], dtype: type) -> None:
    expected = tuple("N" if n is None else n for n in shape)
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} must have shape {expected}, got {array.shape}")
    if array.dtype != dtype:
        raise ValueError(f"{name} must be {np.dtype(dtype).name}, got {array.dtype}")


@dataclass(frozen=True)
class Features:
    """Keypoints and descriptors of one image, best score first.

    keypoints: (N, 2) float32, x and y in pixels of the image that was given, whatever size the network saw.
    scores: (N,) float32, detector confidence; comparable only within one model.
    descriptors: (N, D) float32, each of unit length; a dot product of two is their similarity in [-1, 1]. D is 0 where a mere
        detector found the keypoints.
    image_size: (width, height) of that image in pixels.
    model: name and short checksum of what made the descriptors, e.g. ``small:1a2b3c4d``; different models never compare.
    """

    keypoints: FloatArray
    scores: FloatArray
    descriptors: FloatArray
    image_size: tuple[int, int]
    model: str

    def __post_init__(self) -> None:
        n = len(self.keypoints)
        _require(self.keypoints, "keypoints", (None, 2), np.float32)
        _require(self.scores, "scores", (n,), np.float32)
        _require(self.descriptors, "descriptors", (n, None), np.float32)

    def __len__(self) -> int:
        return len(self.keypoints)

    def __repr__(self) -> str:
        width, height = self.image_size
        return f"Features({len(self)} x {self.descriptors.shape[1]}-D of a {width}x{height} image, model {self.model!r})"


class Extractor(Protocol):
    """Anything that turns an image into features: the SuperPoint network, SIFT, ORB, a corner detector."""

    @property
    def model(self) -> str:
        """Name (and checksum) that ends up in ``Features.model``."""

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image; nothing is detected where the HxW mask is 0.

        Raises ImageError where the image or mask cannot be used.
        """


@dataclass(frozen=True)
class Matches:
    """Pairs of keypoints of a reference and a current image.

    reference_index, current_index: (M,) int64 rows of the two ``Features``.
    similarity: (M,) float32, dot product of the two descriptors.
    """

    reference_index: IndexArray
    current_index: IndexArray
    similarity: FloatArray

    def __post_init__(self) -> None:
        m = len(self.reference_index)
        _require(self.reference_index, "reference_index", (m,), np.int64)
        _require(self.current_index, "current_index", (m,), np.int64)
        _require(self.similarity, "similarity", (m,), np.float32)

    def __len__(self) -> int:
        return len(self.reference_index)

    def __repr__(self) -> str:
        return f"Matches({len(self)})"


CameraModel = Literal["pinhole", "plumb_bob", "rational_polynomial", "equidistant"]


@dataclass(frozen=True)
class Camera:
    """Intrinsics in pixels; distortion coefficients in OpenCV's order for the model (names as in sensor_msgs/CameraInfo)."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    model: CameraModel = "pinhole"
    distortion: tuple[float, ...] = ()

    @property
    def matrix(self) -> DoubleArray:
        """The 3x3 matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Pose:
    """A rigid transform: rotation (3, 3) and translation (3,), float64; metres where the scale is known."""

    rotation: DoubleArray = field(default_factory=lambda: np.eye(3))
    translation: DoubleArray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        _require(self.rotation, "rotation", (3, 3), np.float64)
        _require(self.translation, "translation", (3,), np.float64)

    def __matmul__(self, other: Pose) -> Pose:
        """``T_a_b @ T_b_c`` is ``T_a_c``."""
        return Pose(self.rotation @ other.rotation, self.rotation @ other.translation + self.translation)

    def inverse(self) -> Pose:
        """``T_b_a`` of ``T_a_b``."""
        return Pose(self.rotation.T.copy(), -self.rotation.T @ self.translation)

    @property
    def matrix(self) -> DoubleArray:
        """The 4x4 homogeneous matrix."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.translation
        return matrix

    @staticmethod
    def from_matrix(matrix: NDArray[np.floating]) -> Pose:
        """From a 3x4 or 4x4 matrix."""
        return Pose(np.array(matrix[:3, :3], np.float64), np.array(matrix[:3, 3], np.float64))


class TwoViewStatus(Enum):
    """Why a two-view geometry can or cannot be used. The values are the constants of the ROS message."""

    OK = 0
    """Rotation and translation direction are valid."""
    TOO_FEW_MATCHES = 1
    TOO_FEW_INLIERS = 2
    NO_CAMERA = 3
    """The homography is valid; without intrinsics there is no pose."""
    NO_MOTION = 4
    """The images show no motion: the pose is the identity, the translation direction is unknown."""
    PURE_ROTATION = 5
    """The rotation is valid; too little parallax for a translation direction."""
    AMBIGUOUS_PLANE = 6
    """A plane seen from two places, and both decompositions of its homography fit: the pose is the likelier one."""
    ESTIMATION_FAILED = 7


class TwoViewModel(Enum):
    """Which model explains the matches better."""

    NONE = 0
    HOMOGRAPHY = 1
    ESSENTIAL = 2


@dataclass(frozen=True)
class TwoViewGeometry:
    """The motion between a reference and a current image.

    status: what can be used. reason: one sentence for people, why this model and this status.
    homography: (3, 3) float64, pixels of the reference to pixels of the current image, H[2, 2] = 1; None if not found.
        Between undistorted pixels where the camera has distortion.
    essential: (3, 3) float64, x_current^T E x_reference = 0 in normalized coordinates, the [t]x R of the pose; None where the
        translation direction is unknown.
    T_current_reference: rotation and translation of unit length (zero where the direction is unknown); None without a pose.
    covariance: (6, 6) float64 of (rotation vector, translation direction) of T_current_reference, in rad^2; None without a pose.
        The rotation vector w is that of exp(w) R, about the axes of the current camera. An unknown direction has variance 1/3
        along every axis, a known one none along itself.
    homography_inliers, essential_inliers: (M,) bool, one per match.
    parallax: median angle between the rays of the inliers after rotation is removed, in degrees; NaN without a pose.
    scale_known: whether the length of the translation means metres.
    """

    status: TwoViewStatus
    model: TwoViewModel
    reason: str
    homography_inliers: BoolArray
    essential_inliers: BoolArray
    homography: DoubleArray | None = None
    essential: DoubleArray | None = None
    T_current_reference: Pose | None = None
    covariance: DoubleArray | None = None
    parallax: float = float("nan")
    scale_known: bool = False

    @property
    def inliers(self) -> BoolArray:
        """(M,) bool: the inliers of the model that won."""
        return self.essential_inliers if self.model is TwoViewModel.ESSENTIAL else self.homography_inliers

    @property
    def has_pose(self) -> bool:
        """Whether rotation and translation direction are both valid."""
        return self.status in (TwoViewStatus.OK, TwoViewStatus.AMBIGUOUS_PLANE)

    def __repr__(self) -> str:
        return (
            f"TwoViewGeometry({self.status.name}, {self.model.name}, {int(self.inliers.sum())} inliers of {len(self.inliers)}, "
            f"parallax {self.parallax:.2f} deg)"
        )


@dataclass(frozen=True)
class FeatureTracks:
    """Keypoints of the current image that carry an identity through time, in the way VINS back ends expect.

    id: (N,) uint64, never reused. pixels: (N, 2) float32. normalized: (N, 2) float32, undistorted, z = 1 (NaN without a camera).
    velocity: (N, 2) float32, normalized units per second (pixels per second without a camera). length: (N,) uint32, images seen.
    """

    id: NDArray[np.uint64]
    pixels: FloatArray
    normalized: FloatArray
    velocity: FloatArray
    length: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.id)
