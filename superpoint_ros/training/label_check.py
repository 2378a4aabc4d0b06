"""How repeatable labels are: label images and views of them, and see whether the same points come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.simulation.homography import HomographyRange, inside, random_homography, warp_points
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, Detector, label
from superpoint_ros.types import FloatArray

_VIEW = HomographyRange(rotation=30.0, scale=1.3, perspective=0.1, translation=0.1)
_MARGIN = 12.0
"""Pixels from the border of either image within which a point need not be found again."""


@dataclass(frozen=True)
class Agreement:
    """points: per image, mean. within_1, within_3: share found again within so many pixels, both ways, mean over the images."""

    images: int
    points: float
    within_1: float
    within_3: float


def label_agreement(images: Iterable[NDArray[np.uint8]], detector: Detector, config: AdaptationConfig) -> Agreement:
    """Label each (H, W) image and a random view of it; the views depend on the config's seed alone.

    Images on which fewer than five points lie in both views count with their number of points only.
    """
    points, distances = [], []
    for n, image in enumerate(images):
        height, width = image.shape
        view = random_homography(np.random.default_rng([config.seed, n]), height, width, _VIEW)
        seen = np.asarray(cv2.warpPerspective(image, view, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
        first = label(detector, image, config).corners
        # Other random views than those of the first image: labels must not depend on the draw.
        second = label(detector, seen, replace(config, seed=config.seed + 1)).corners
        points.append(len(first))
        distances.append(_distances(first, second, np.asarray(view, np.float64), height, width))
    counted = [d for d in distances if len(d)]
    shares = [float(np.mean([(d < t).mean() for d in counted])) if counted else 0.0 for t in (1.0, 3.0)]
    return Agreement(len(points), float(np.mean(points)) if points else 0.0, *shares)


def _distances(first: FloatArray, second: FloatArray, view: NDArray[np.float64], height: int, width: int) -> NDArray[np.floating]:
    """From each point that both see to the nearest label of the other image, in pixels of the view."""
    moved = warp_points(view, first)
    moved = moved[inside(moved, height, width, _MARGIN)]
    origin = warp_points(np.asarray(np.linalg.inv(view), np.float64), second)
    kept = second[inside(second, height, width, _MARGIN) & inside(origin, height, width, _MARGIN)]
    if min(len(moved), len(kept)) < 5:
        return np.empty(0)
    between = np.linalg.norm(moved[:, None] - kept[None], axis=2)
    return np.concatenate([between.min(axis=0), between.min(axis=1)])
