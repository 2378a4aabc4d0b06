"""Pairs made from any images: known homographies and changes of light, made when they are read and written nowhere.

As in HPatches there are two groups. ``illumination``: the same view twice, each with its own change of light, blur and noise.
``viewpoint``: a crop of the image, and a random view of the same place that lies wholly inside the image, because the black
beyond a border would be the easiest thing to detect; with a mild photometric change.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.features.image import to_bytes, to_grey
from superpoint_ros.io.images import ImageFile, find_images, image_size, read_image
from superpoint_ros.simulation.augmentation import augment
from superpoint_ros.simulation.homography import HomographyRange, inside, random_homography, warp_points
from superpoint_ros.types import DoubleArray

LAYOUT = "generated pairs"
_CROP = 0.7
"""Sides of the views of a viewpoint pair as a share of the image's."""
_MOTION = HomographyRange(rotation=40.0, scale=1.4, perspective=0.2, translation=0.15)
"""What fits is milder: the median turn is 13 degrees, the median zoom 1.2, corners move by 23 % of the diagonal."""
_TRIALS = 50
_VIEWPOINT_LIGHT, _ILLUMINATION_LIGHT = 0.3, 1.0
"""Strength of the photometric change."""
_MIN_SIDE = 64
_SUPERSAMPLED = np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
"""Pixels of a view to pixels of one with four times as many: the corner of both is at (-0.5, -0.5)."""


@dataclass(frozen=True, eq=False)
class GeneratedImage:
    """An ``ImageFile`` that is computed. view: (3, 3), pixels of the file to pixels of this image; size: its width and height."""

    name: str
    path: Path
    size: tuple[int, int]
    view: DoubleArray
    light: float
    seed: tuple[int, ...]

    def read(self) -> NDArray[np.uint8]:
        """(H, W). Raises DataError where the file is missing or damaged."""
        grey = to_bytes(to_grey(read_image(self.path)))
        return augment(np.random.default_rng(self.seed), self._warped(grey), self.light)

    def _warped(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        width, height = self.size
        x, y = np.rint(self.view[:2, 2]).astype(int)
        if np.array_equal(self.view, _shift(x, y)):
            return grey[-y : height - y, -x : width - x]
        # Four samples per pixel: a view from further away would alias.
        fine = cv2.warpPerspective(grey, _SUPERSAMPLED @ self.view, (2 * width, 2 * height), flags=cv2.INTER_LINEAR)
        return np.asarray(cv2.resize(fine, self.size, interpolation=cv2.INTER_AREA), np.uint8)


def generate_pairs(path: Path, count: int, seed: int = 0) -> PairSet:
    """``count`` pairs of each group from every image of a folder, or from one image file.

    The same files, count and seed give the same pairs, and a pair depends on its own file alone.
    Raises DataError without images, or with one that is too small.
    """
    if count < 1:
        raise DataError(f"pairs per image must be at least 1, got {count}")
    images = find_images([path])
    pairs = [
        make(image, index, seed) for make in (_illumination_pair, _viewpoint_pair) for image in images for index in range(count)
    ]
    note = f"{2 * count} pairs from each of {len(images)} images, seed {seed}: the views are synthetic."
    return PairSet(path.resolve().name, LAYOUT, tuple(pairs), (note,))


def _illumination_pair(image: ImageFile, index: int, seed: int) -> ImagePair:
    size, numbers = _size(image), _seed(seed, image, 0, index)
    first, second = (
        GeneratedImage(f"{image.name}#illumination-{index}{k}", image.path, size, np.eye(3), _ILLUMINATION_LIGHT, (*numbers, i))
        for i, k in enumerate("ab")
    )
    return ImagePair(f"{image.name}/illumination-{index}", "illumination", first, second, np.eye(3), scene=image.name)


def _viewpoint_pair(image: ImageFile, index: int, seed: int) -> ImagePair:
    (width, height), numbers = _size(image), _seed(seed, image, 1, index)
    w, h = round(_CROP * width), round(_CROP * height)
    crop = _shift(-((width - w) // 2), -((height - h) // 2))
    homography = _motion_inside(np.random.default_rng((*numbers, 0)), crop, (w, h), (width, height))
    name = f"{image.name}#viewpoint-{index}"
    first = GeneratedImage(f"{name}a", image.path, (w, h), crop, 0.0, (*numbers, 1))
    second = GeneratedImage(f"{name}b", image.path, (w, h), homography @ crop, _VIEWPOINT_LIGHT, (*numbers, 2))
    return ImagePair(f"{image.name}/viewpoint-{index}", "viewpoint", first, second, homography, scene=image.name)


def _motion_inside(rng: np.random.Generator, crop: DoubleArray, view: tuple[int, int], image: tuple[int, int]) -> DoubleArray:
    """A random homography from the crop to a view that sees nothing beyond the image; ever milder ones until one fits."""
    width, height = view
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    for trial in range(_TRIALS):
        share = 1.0 - trial / _TRIALS
        spread = HomographyRange(
            share * _MOTION.rotation, _MOTION.scale**share, share * _MOTION.perspective, share * _MOTION.translation
        )
        homography = random_homography(rng, height, width, spread)
        seen = warp_points(np.asarray(np.linalg.inv(homography @ crop)), corners)
        if inside(seen, image[1], image[0]).all():
            break
    return homography


def _shift(x: int, y: int) -> DoubleArray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _size(image: ImageFile) -> tuple[int, int]:
    size = image_size(image.path)
    if min(size) < _MIN_SIDE:
        raise DataError(f"{image.path} has {size[0]}x{size[1]} pixels; pairs can be made from {_MIN_SIDE}x{_MIN_SIDE} on")
    return size


def _seed(seed: int, image: ImageFile, group: int, index: int) -> tuple[int, ...]:
    return (seed, zlib.crc32(image.name.encode()), group, index)
