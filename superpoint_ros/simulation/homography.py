"""Random homographies (paper, section 5.2) and what they do to points, images and validity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from superpoint_ros.types import DoubleArray, FloatArray

_Factor = Annotated[float, Field(ge=1.0)]


@dataclass(frozen=True)
class HomographyRange:
    """How far a random view may be from the original.

    rotation: largest turn in degrees. scale: largest zoom in or out as a factor. perspective: largest shift of a corner by
    perspective, as a share of the image side. translation: largest shift as a share of the image side. stretch: a view is at most
    so many times longer along some direction than across it, as a slanted surface is when its slant changes.
    """

    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 40.0
    scale: _Factor = 1.5
    perspective: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.15
    translation: Annotated[float, Field(ge=0.0)] = 0.15
    stretch: _Factor = 1.0


def random_homography(rng: np.random.Generator, height: int, width: int, spread: HomographyRange) -> DoubleArray:
    """A 3x3 matrix from pixels of an image to pixels of a random view of it, both of that size."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    centre = corners.mean(axis=0)
    side = np.array([width, height], np.float64)
    moved = corners + rng.uniform(-spread.perspective, spread.perspective, (4, 2)) * side
    angle = np.deg2rad(rng.uniform(-spread.rotation, spread.rotation))
    zoom = np.exp(rng.uniform(-1.0, 1.0) * np.log(spread.scale))
    turn = zoom * rotation(angle)
    shift = rng.uniform(-spread.translation, spread.translation, 2) * side
    if spread.stretch > 1.0:
        turn = turn @ _stretch(rng, spread.stretch)
    moved = (moved - centre) @ turn.T + centre + shift
    return cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)).astype(np.float64)


def _stretch(rng: np.random.Generator, largest: float) -> DoubleArray:
    """A 2x2 matrix that stretches along a random direction and shrinks across it; areas stay what they are."""
    direction = rotation(rng.uniform(0.0, np.pi))
    along = np.exp(0.5 * rng.uniform(0.0, np.log(largest)))
    return direction @ np.diag([along, 1.0 / along]) @ direction.T


def rotation(angle: float) -> DoubleArray:
    """The 2x2 matrix that turns x towards y by an angle in radians."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def warp_points(homography: DoubleArray, points: NDArray[np.floating]) -> FloatArray:
    """(N, 2) points through a homography. Points on its line at infinity come back as infinite."""
    x = np.column_stack([points, np.ones(len(points))]) @ homography.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return (x[:, :2] / x[:, 2:]).astype(np.float32)


def inside(points: NDArray[np.floating], height: int, width: int, margin: float = 0.0) -> NDArray[np.bool_]:
    """Which of the (N, 2) points lie at least ``margin`` pixels inside an image."""
    return np.asarray(((points >= margin) & (points <= np.array([width - 1 - margin, height - 1 - margin]))).all(axis=1))
