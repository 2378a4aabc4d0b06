"""Two images side by side with their matches."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import BoolArray, Features, FloatArray, Image, Matches, TwoViewGeometry

OUTLIER = (214, 62, 62)
GAP = 8
SHIFT = 4
"""Drawing coordinates have this many fractional bits, so that lines start at the very keypoint."""


@dataclass(frozen=True)
class MatchPicture:
    """What a picture of matches needs: both images, (M, 2) pixels in each, (M,) inliers, and a line of text about it."""

    reference: Image
    current: Image
    reference_points: FloatArray
    current_points: FloatArray
    inliers: BoolArray
    caption: str = ""

    @staticmethod
    def of(
        reference_image: Image,
        current_image: Image,
        reference: Features,
        current: Features,
        matches: Matches,
        geometry: TwoViewGeometry,
        caption: str = "",
    ) -> MatchPicture:
        """From what extraction, matching and estimation gave."""
        return MatchPicture(
            reference_image,
            current_image,
            reference.keypoints[matches.reference_index],
            current.keypoints[matches.current_index],
            geometry.inliers,
            caption,
        )


def draw_side_by_side(picture: MatchPicture, max_lines: int = 160) -> NDArray[np.uint8]:
    """Side by side (reference left), HxWx3 uint8 RGB: inliers in a colour that follows their place, outliers red and thin.

    More than max_lines are thinned out evenly: beyond that nobody sees where a line goes.
    """
    import cv2

    left, right = _canvas(picture.reference), _canvas(picture.current)
    height = max(left.shape[0], right.shape[0])
    offset = left.shape[1] + GAP
    canvas = np.full((height, offset + right.shape[1], 3), 255, np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], offset:] = right
    # Outliers first, so that they lie below the inliers.
    for index in [*_thin(np.flatnonzero(~picture.inliers), max_lines // 4), *_thin(np.flatnonzero(picture.inliers), max_lines)]:
        a, b = picture.reference_points[index], picture.current_points[index] + np.array([offset, 0], np.float32)
        inlier = bool(picture.inliers[index])
        colour = _hue(float(a[0]) / left.shape[1], float(a[1]) / left.shape[0]) if inlier else OUTLIER
        cv2.line(canvas, _fixed(a), _fixed(b), colour, 1, cv2.LINE_AA, SHIFT)
        if inlier:
            for point in (a, b):
                cv2.circle(canvas, _fixed(point), 2 << SHIFT, colour, -1, cv2.LINE_AA, SHIFT)
    return canvas


def _canvas(image: Image) -> NDArray[np.uint8]:
    """A greyish copy, so that colours belong to the matches."""
    import cv2

    from superpoint_ros.drawing import to_picture

    grey = cv2.cvtColor(to_picture(image), cv2.COLOR_RGB2GRAY)
    return np.repeat((grey * 0.78 + 25.0).astype(np.uint8)[:, :, None], 3, axis=2)


def _thin(indices: NDArray[np.intp], most: int) -> list[int]:
    step = max(1.0, len(indices) / max(most, 1))
    return [int(indices[int(i * step)]) for i in range(int(len(indices) / step))]


def _fixed(point: FloatArray) -> tuple[int, int]:
    return round(float(point[0]) * (1 << SHIFT)), round(float(point[1]) * (1 << SHIFT))


def _hue(x: float, y: float) -> tuple[int, int, int]:
    """Neighbours have like colours, so that a wrong match stands out."""
    red, green, blue = colorsys.hsv_to_rgb((0.12 + 0.76 * x) % 1.0, 0.65 + 0.3 * y, 1.0)
    return int(255 * red), int(255 * green), int(255 * blue)
