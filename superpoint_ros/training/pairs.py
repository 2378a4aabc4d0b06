"""Pairs of random views of labelled photos: what SuperPoint learns from (paper, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.features.network import CELL
from superpoint_ros.simulation.augmentation import augment, degrade
from superpoint_ros.simulation.homography import HomographyRange, inside, random_homography, rotation, warp_points
from superpoint_ros.training.batches import Sample
from superpoint_ros.training.config import PairConfig
from superpoint_ros.training.labels import InterestPoints, detector_target
from superpoint_ros.types import DoubleArray, FloatArray

_ALIASED = 1.3
"""Pixels of a photo per pixel of a view, from which on bilinear interpolation skips visible detail."""


@dataclass(frozen=True)
class LabelledImage:
    """image: (H, W) uint8. points: pseudo ground truth in its pixels. weight: how often it is drawn.

    name: of the photo; images of one name show the same, at different sizes.
    """

    image: NDArray[np.uint8]
    points: InterestPoints
    weight: float = 1.0
    name: str = ""


class PairSampler:
    """Makes pairs of views of photos, drawn by their weights.

    A pair is {first_image, second_image: (1, H, W) uint8, first_target, second_target: (H, W) float32,
    first_valid, second_valid: (H/8, W/8) bool,
    homography: (3, 3) float32 from pixels of the first view to those of the second,
    first_points, second_points: (N, 2) float32 in pixels, pair_valid: (N,) bool}.
    """

    def __init__(self, images: Sequence[LabelledImage], config: PairConfig) -> None:
        self.images, self.config = images, config
        weights = np.array([image.weight for image in images])
        self._share = weights / weights.sum()

    def __call__(self, rng: np.random.Generator) -> Sample:
        return self._pair(rng, self.images[rng.choice(len(self.images), p=self._share)])

    def _pair(self, rng: np.random.Generator, photo: LabelledImage) -> dict[str, np.ndarray]:
        height, width = self.config.height, self.config.width
        first = self._first_view(rng, photo.image.shape)
        motion = random_homography(rng, height, width, self.config.motion)
        pair: dict[str, np.ndarray] = {}
        for name, view in (("first", first), ("second", motion @ first)):
            seen = augment(rng, _render(photo.image, view, height, width), strength=rng.choice(self.config.strengths))
            pair[f"{name}_image"] = (degrade(rng, seen) if rng.random() < self.config.degraded else seen)[None]
            corners = warp_points(view, photo.points.corners)
            pair[f"{name}_target"] = detector_target(InterestPoints(corners, photo.points.confidence), height, width)
            pair[f"{name}_valid"] = _cells_inside(view, photo.image.shape, height, width)
        pair["homography"] = (motion / motion[2, 2]).astype(np.float32)
        return pair | self._correspondences(rng, photo, first, motion)

    def _first_view(self, rng: np.random.Generator, shape: tuple[int, ...]) -> DoubleArray:
        """A random crop of the photo, zoomed and turned, as a homography from photo to view."""
        height, width = self.config.height, self.config.width
        zoom = np.exp(rng.uniform(np.log(self.config.min_zoom), np.log(self.config.max_zoom)))
        zoom = min(zoom, 1.25 * shape[0] / height, 1.25 * shape[1] / width)
        angle = np.deg2rad(rng.uniform(-15, 15) if rng.random() < self.config.upright else rng.uniform(-180, 180))
        half = 0.5 * zoom * np.array([width, height])
        size = np.array([shape[1], shape[0]], np.float64)
        centre = np.where(size > 2 * half, rng.uniform(np.minimum(half, size / 2), np.maximum(size - half, size / 2)), size / 2)
        turn = rotation(angle) / zoom
        view = np.eye(3)
        view[:2, :2] = turn
        view[:2, 2] = np.array([width - 1, height - 1]) / 2 - turn @ centre
        tilt = HomographyRange(rotation=0.0, scale=1.0, perspective=0.08, translation=0.0)
        return random_homography(rng, height, width, tilt) @ view

    def _correspondences(
        self, rng: np.random.Generator, photo: LabelledImage, first: DoubleArray, motion: DoubleArray
    ) -> dict[str, np.ndarray]:
        """Corners that both views see, then random points, up to the number wanted; ``pair_valid`` tells the real ones."""
        height, width = self.config.height, self.config.width
        wanted = self.config.correspondences
        corners = rng.permutation(warp_points(first, photo.points.corners))[: wanted * 4 // 5 * 2]
        anywhere = rng.uniform([4, 4], [width - 5, height - 5], (wanted, 2)).astype(np.float32)
        inverse = np.asarray(np.linalg.inv(first), np.float64)
        points = []
        for candidates, limit in ((corners, wanted * 4 // 5), (anywhere, wanted)):
            photo_points = warp_points(inverse, candidates)
            moved = warp_points(motion, candidates)
            with np.errstate(invalid="ignore"):
                seen = inside(candidates, height, width, 3.0) & inside(moved, height, width, 3.0)
                seen &= inside(photo_points, *photo.image.shape)
            points.append(np.concatenate([candidates[seen], moved[seen]], axis=1)[:limit])
        both = np.concatenate(points)[:wanted]
        padded = np.zeros((wanted, 4), np.float32)
        padded[: len(both)] = both
        return {
            "first_points": padded[:, :2].copy(),
            "second_points": padded[:, 2:].copy(),
            "pair_valid": np.arange(wanted) < len(both),
        }


def _render(photo: NDArray[np.uint8], view: DoubleArray, height: int, width: int) -> NDArray[np.uint8]:
    """A view of the photo, which is blurred first along directions in which the view is smaller: aliasing looks like corners."""
    kernel = _blur_kernel(_photo_per_view(view, height, width))
    if kernel is not None:
        photo = np.asarray(cv2.filter2D(photo, -1, kernel, borderType=cv2.BORDER_REFLECT), np.uint8)
    image = cv2.warpPerspective(photo, view, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(image, np.uint8)


def _photo_per_view(view: DoubleArray, height: int, width: int) -> DoubleArray:
    """(2, 2): how far a pixel of the view reaches in the photo, at the centre of the view."""
    inverse = np.linalg.inv(view)
    x, y, w = inverse @ np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    return np.asarray((inverse[:2, :2] - np.outer([x / w, y / w], inverse[2, :2])) / w, np.float64)


def _blur_kernel(photo_per_view: DoubleArray) -> FloatArray | None:
    """A Gaussian as long and wide as a pixel of the view is in the photo (Heckbert 1989); None where the view is not smaller."""
    directions, reach, _ = np.linalg.svd(photo_per_view)
    if reach[0] <= _ALIASED:
        return None
    sigma = 0.4 * np.maximum(reach, 1.0)
    half = int(np.ceil(2.5 * sigma.max()))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    across = np.stack([x, y], axis=-1) @ directions / sigma
    kernel = np.exp(-0.5 * (across**2).sum(axis=-1))
    return (kernel / kernel.sum()).astype(np.float32)


def _cells_inside(view: DoubleArray, shape: tuple[int, ...], height: int, width: int) -> NDArray[np.bool_]:
    """(H/8, W/8): cells of a view that show the photo and not its reflection beyond the border."""
    rows, columns = np.mgrid[0 : height // CELL, 0 : width // CELL]
    centres = np.stack([columns.ravel(), rows.ravel()], 1) * CELL + (CELL - 1) / 2
    photo_points = warp_points(np.asarray(np.linalg.inv(view), np.float64), centres)
    return inside(photo_points, shape[0], shape[1], CELL / 2).reshape(rows.shape)
