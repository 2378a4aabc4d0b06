"""What every task has in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.evaluation.metrics.common_area import Size
from superpoint_ros.evaluation.presets import Estimator
from superpoint_ros.evaluation.resize import Resize
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.types import BoolArray, Camera, DoubleArray, Features, FloatArray, Matches, Pose


@dataclass(frozen=True)
class ScaledPair:
    """The truth about a pair in pixels of the resized images."""

    first_size: Size
    second_size: Size
    homography: DoubleArray | None
    T_second_first: Pose | None
    first_camera: Camera | None
    second_camera: Camera | None

    @staticmethod
    def of(pair: ImagePair, first_full: Size, second_full: Size, resize: Resize) -> ScaledPair:
        """first_full, second_full: sizes of the images that the pair was made for."""
        homography = pair.homography
        if homography is not None:
            back = _inverse_scaling(resize.matrix(first_full))
            homography = resize.matrix(second_full) @ homography @ back
        cameras = [None if camera is None else resize.camera(camera) for camera in (pair.first_camera, pair.second_camera)]
        return ScaledPair(resize.size(first_full), resize.size(second_full), homography, pair.T_second_first, *cameras)


def _inverse_scaling(matrix: DoubleArray) -> DoubleArray:
    """Of a matrix without rotation, exactly."""
    inverse = matrix.copy()
    inverse[0, 0], inverse[1, 1] = 1.0 / matrix[0, 0], 1.0 / matrix[1, 1]
    inverse[0, 2], inverse[1, 2] = -matrix[0, 2] / matrix[0, 0], -matrix[1, 2] / matrix[1, 1]
    return inverse


@dataclass(frozen=True)
class Marked:
    """Keypoints of both images that belong together, (M, 2) each, and which of them do so rightly."""

    first: FloatArray
    second: FloatArray
    right: BoolArray


class Measure(Protocol):
    """One task. Matches are empty where it compares no descriptors."""

    @property
    def truth(self) -> Literal["homography", "pose"]:
        """What it needs to know about a pair."""

    @property
    def needs_descriptors(self) -> bool:
        """Whether it compares them."""

    @property
    def is_seeded(self) -> bool:
        """Whether its figures depend on a seed."""

    def metrics(self) -> Iterator[Metric]:
        """Of its tables."""

    def figures(self, pair: ScaledPair, first: Features, second: Features, matches: Matches, seed: int) -> dict[str, float]:
        """All columns of a row, for features with keypoints."""

    def mark(self, pair: ScaledPair, first: Features, second: Features, matches: Matches) -> Marked:
        """For a picture of the pair."""


def suffix(estimator: Estimator, estimators: tuple[Estimator, ...]) -> tuple[str, str]:
    """Behind the name and the label of a figure: which estimator it is of, where there are several."""
    return (f"_{estimator}", f" {estimator}") if len(estimators) > 1 else ("", "")


def number(value: float) -> str:
    """Short, for names of columns and labels."""
    return f"{value:g}"
